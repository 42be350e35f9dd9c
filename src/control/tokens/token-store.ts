import { fault } from '../../model/fault/fault.ts'
import type { Org } from '../../model/app.ts'
import type { RandomBytes } from '../../model/ids.ts'
import type { TokenRecord } from '../../model/token.ts'
import type { Store } from '../../store/contract.ts'
import { keys, prefixes } from '../../store/keys.ts'
import type { OrgScope } from '../state/org-scope.ts'
import type { Records } from '../state/records.ts'
import { issueToken, type TokenWish } from './issue-token.ts'

/** Tokens that were handed out. What a scope does not reach is not there. */
export interface TokenStore {
  issue(wish: TokenWish): Promise<{ readonly text: string; readonly record: TokenRecord }>
  /** Oldest first. */
  list(scope: OrgScope): readonly TokenRecord[]
  /** The id, or as many of its first digits as name one. Fault token_not_found. */
  revoke(scope: OrgScope, id: string): Promise<void>
}

export function openTokenStore(deps: {
  readonly store: Store
  readonly records: Records
  readonly settle: (revision: number | undefined) => Promise<void>
  readonly random: RandomBytes
  /** Milliseconds since 1970. */
  readonly now: () => number
}): TokenStore {
  const { store, records } = deps
  const list: TokenStore['list'] = (scope) =>
    records
      .list<TokenRecord>(prefixes.tokens)
      .filter((token) => scope.covers(token.org))
      .toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1))
  return {
    list,
    async issue(wish) {
      const issued = issueToken(wish, deps.now(), deps.random)
      const key = keys.token(issued.record.id)
      const org = records.get<Org>(keys.org(wish.org))
      if (org === undefined) throw fault('org_not_found', { org: wish.org })
      const written = await store.transact({
        // A token of an org that is gone would be one of whoever makes that org next. The org is written along, so that who deletes it finds it changed.
        compare: [{ key: keys.org(wish.org), target: 'version', is: '!=', to: 0 }],
        then: [
          { op: 'put', key, value: JSON.stringify(issued.record) },
          { op: 'put', key: keys.org(wish.org), value: JSON.stringify(org) },
        ],
      })
      if (!written.held) throw fault('org_not_found', { org: wish.org })
      await deps.settle(written.revision)
      return issued
    },
    async revoke(scope, id) {
      const found = id.length < 8 ? [] : list(scope).filter((token) => token.id.startsWith(id))
      const [token] = found
      if (token === undefined || found.length > 1) throw fault('token_not_found', { id: id.slice(0, 64) })
      const { revision } = await store.transact({ compare: [], then: [{ op: 'delete', key: keys.token(token.id) }] })
      await deps.settle(revision)
    },
  }
}
