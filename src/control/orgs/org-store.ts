import type { App, Org } from '../../model/app.ts'
import { fault } from '../../model/fault/fault.ts'
import { parseOrgSlug, type OrgSlug } from '../../model/ids.ts'
import type { TokenRecord } from '../../model/token.ts'
import type { Store } from '../../store/contract.ts'
import { keys, prefixes } from '../../store/keys.ts'
import type { Keyring } from '../secrets/keyring.ts'
import type { Records } from '../state/records.ts'

export interface OrgStore {
  /** Faults org_exists, invalid_value. */
  create(name: string, slug: string | undefined): Promise<Org>
  /** With its tokens and its data key. Faults org_in_use while it has apps, org_changed. */
  remove(org: OrgSlug): Promise<void>
}
/** Tokens that go in the transaction of the org; more than an org should have. */
const mostTokens = 100
const germanLetters: Readonly<Record<string, string>> = { ä: 'ae', ö: 'oe', ü: 'ue', ß: 'ss' }

export function openOrgStore(deps: {
  readonly store: Store
  readonly records: Records
  readonly keyring: Pick<Keyring, 'forget'>
  readonly settle: (revision: number | undefined) => Promise<void>
  /** Milliseconds since 1970. */
  readonly now: () => number
}): OrgStore {
  const { store, records } = deps
  const appsOf = (org: OrgSlug) => records.list<App>(prefixes.apps).filter((app) => app.org === org).length
  return {
    async create(name, given) {
      const slug = parseOrgSlug(given ?? slugOf(name))
      const org: Org = { schema: 1, slug, name, createdAt: new Date(deps.now()).toISOString() }
      const key = keys.org(slug)
      const written = await store.transact({
        compare: [{ key, target: 'version', is: '=', to: 0 }],
        then: [{ op: 'put', key, value: JSON.stringify(org) }],
      })
      if (!written.held) throw fault('org_exists', { org: slug })
      await deps.settle(written.revision)
      return org
    },
    async remove(org) {
      const found = records.getVersioned<Org>(keys.org(org))
      const apps = appsOf(org)
      if (apps > 0) throw fault('org_in_use', { org, apps })
      const tokens = records.list<TokenRecord>(prefixes.tokens).filter((token) => token.org === org)
      if (tokens.length > mostTokens)
        throw fault('invalid_value', { field: 'org', found: `${tokens.length} tokens`, rule: `revoke them down to ${mostTokens}` })
      const written = await store.transact({
        // An app or a token made meanwhile has written its org along.
        compare: [{ key: keys.org(org), target: 'modRevision', is: '=', to: found?.modRevision ?? 0 }],
        then: [
          { op: 'delete', key: keys.org(org) },
          { op: 'delete', key: keys.dataKey(org) },
          ...tokens.map((token) => ({ op: 'delete', key: keys.token(token.id) }) as const),
        ],
      })
      await deps.settle(written.revision)
      if (!written.held) throw fault('org_changed', { org })
      deps.keyring.forget(org)
    },
  }
}

/** `Acme Europe` → `acme-europe`, `Müller Größe` → `mueller-groesse`, `Café` → `cafe` */
export const slugOf = (name: string): string =>
  name
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/[äöüß]/g, (letter) => germanLetters[letter] ?? letter)
    .normalize('NFD')
    .replaceAll(/\p{Mark}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
