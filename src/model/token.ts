import type { AppName, OrgSlug } from './ids.ts'

/** operator: the platform's own, in KANTE_HOME/token. org: all of an org. deploy: one app. readonly: what an org has, without changing it. */
export type TokenKind = 'operator' | 'org' | 'deploy' | 'readonly'
export const issuedKinds = ['deploy', 'org', 'readonly'] as const satisfies readonly TokenKind[]
export type IssuedKind = (typeof issuedKinds)[number]

/** `token/<id>`: a token that was handed out. The token itself is nowhere: it is known by its hash. */
export interface TokenRecord {
  readonly schema: 1
  /** The first 32 hex digits of the hash. */
  readonly id: string
  /** SHA-256 of the token, hex. */
  readonly hash: string
  readonly name: string
  readonly org: OrgSlug
  readonly kind: IssuedKind
  /** Of a deploy token. By id: an app made anew under the same name is another one. */
  readonly app?: { readonly id: string; readonly name: AppName }
  readonly createdBy: string
  readonly createdAt: string
  /** RFC 3339 */
  readonly expiresAt: string
}
