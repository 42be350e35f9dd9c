import { parseGoDuration } from '../../model/duration.ts'
import { fault } from '../../model/fault/fault.ts'
import type { App } from '../../model/app.ts'
import type { OrgSlug, RandomBytes } from '../../model/ids.ts'
import type { IssuedKind, TokenRecord } from '../../model/token.ts'
import { hashOfToken, tokenIdOf } from './token-hash.ts'

/** Fly.io's default: 175 200 h. */
const defaultExpiryMs = 20 * 365 * 24 * 3_600_000
const longestExpiryMs = 5 * defaultExpiryMs

export interface TokenWish {
  readonly kind: IssuedKind
  readonly name: string | undefined
  readonly org: OrgSlug
  readonly app: App | undefined
  readonly expiry: string | undefined
  readonly createdBy: string
}
/** Makes a token and the record that knows it by its hash. Pure but for `random`. Fault invalid_value. */
export function issueToken(wish: TokenWish, nowMs: number, random: RandomBytes): { readonly text: string; readonly record: TokenRecord } {
  const text = `kante_${wish.kind}_${Buffer.from(random(32)).toString('base64url')}`
  const hash = hashOfToken(text)
  const expiryMs = wish.expiry === undefined || wish.expiry === '' ? defaultExpiryMs : parseGoDuration('expiry', wish.expiry)
  if (expiryMs <= 0 || expiryMs > longestExpiryMs)
    throw fault('invalid_value', { field: 'expiry', found: wish.expiry, rule: 'a time to come, at most 100 years' })
  return {
    text,
    record: {
      schema: 1,
      id: tokenIdOf(hash),
      hash: hash.toString('hex'),
      name: wish.name ?? `${wish.kind} token`,
      org: wish.org,
      kind: wish.kind,
      ...(wish.app === undefined ? {} : { app: { id: wish.app.id, name: wish.app.name } }),
      createdBy: wish.createdBy,
      createdAt: new Date(nowMs).toISOString(),
      expiresAt: new Date(nowMs + expiryMs).toISOString(),
    },
  }
}
