import { timingSafeEqual } from 'node:crypto'
import { fault } from '../../model/fault/fault.ts'
import type { OrgSlug } from '../../model/ids.ts'
import type { TokenKind, TokenRecord } from '../../model/token.ts'
import type { Secret } from '../../kit/secret.ts'
import { hashOfToken, tokenIdOf } from '../tokens/token-hash.ts'
import type { Caller } from './route.ts'

/** A token given to the daemon itself. */
export interface KnownToken {
  readonly secret: Secret
  readonly org: OrgSlug
  readonly kind: TokenKind
}
export interface IssuedTokens {
  readonly find: (id: string) => TokenRecord | undefined
  /** Milliseconds since 1970. */
  readonly now: () => number
}
const longestHeader = 8192
const mostTokens = 16
const shownDigits = 12

/**
 * `Authorization: Bearer TOKEN` or `FlyV1 TOKEN`; a list separated by commas is several tokens, of which one has to be known (flyctl-contract §0.4).
 * Only hashes are compared, and in constant time: neither the store nor how long an answer takes says anything of a token.
 */
export function openAuthenticator(tokens: readonly KnownToken[], issued: IssuedTokens): (header: string | undefined) => Caller {
  const known = tokens.map(({ secret, org, kind }): { hash: Buffer; caller: Caller } => {
    if (secret.reveal().length < 16) throw new Error('an API token of fewer than 16 characters is a mistake')
    const hash = hashOfToken(secret.reveal())
    return { hash, caller: { tokenId: hash.toString('hex').slice(0, shownDigits), org, kind } }
  })
  const callerOf = (hash: Buffer): Caller | TokenRecord | undefined => {
    let found: Caller | undefined
    for (const token of known) if (timingSafeEqual(hash, token.hash)) found = token.caller
    if (found !== undefined) return found
    const record = issued.find(tokenIdOf(hash))
    return record !== undefined && timingSafeEqual(hash, Buffer.from(record.hash, 'hex')) ? record : undefined
  }
  return (header) => {
    if (header === undefined) throw fault('unauthorized', { reason: 'the Authorization header is missing' })
    const match = /^(?:Bearer|FlyV1) +(\S.*)$/i.exec(header)
    if (!match?.[1] || header.length > longestHeader)
      throw fault('unauthorized', { reason: 'the Authorization header has another form than "Bearer TOKEN"' })
    let expired: TokenRecord | undefined
    for (const text of match[1].split(',', mostTokens)) {
      const found = callerOf(hashOfToken(text.trim()))
      if (found === undefined) continue
      if (!('schema' in found)) return found
      if (Date.parse(found.expiresAt) > issued.now()) return callerOfRecord(found)
      expired = found
    }
    throw fault('unauthorized', { reason: expired === undefined ? 'the token is not known here' : `the token expired at ${expired.expiresAt}` })
  }
}

const callerOfRecord = (record: TokenRecord): Caller => ({
  tokenId: record.id.slice(0, shownDigits),
  org: record.org,
  kind: record.kind,
  name: record.name,
  ...(record.app === undefined ? {} : { app: record.app }),
  expiresAt: record.expiresAt,
})
