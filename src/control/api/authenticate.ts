import { createHash, timingSafeEqual } from 'node:crypto'
import { fault } from '../../model/fault/fault.ts'
import type { OrgSlug } from '../../model/ids.ts'
import type { Secret } from '../../kit/secret.ts'
import type { Caller } from './route.ts'

export interface KnownToken {
  readonly secret: Secret
  readonly org: OrgSlug
  readonly kind: Caller['kind']
}
const hashOf = (text: string) => createHash('sha256').update(text).digest()

/**
 * `Authorization: Bearer TOKEN` or `FlyV1 TOKEN`; a list separated by commas is several tokens, of which one has to be known (flyctl-contract §0.4).
 * Every known token is compared, in constant time, whatever was sent.
 */
export function openAuthenticator(tokens: readonly KnownToken[]): (header: string | undefined) => Caller {
  const known = tokens.map((token) => {
    if (token.secret.reveal().length < 16) throw new Error('an API token of fewer than 16 characters is a mistake')
    const hash = hashOf(token.secret.reveal())
    return { hash, caller: { tokenId: hash.toString('hex').slice(0, 12), org: token.org, kind: token.kind } }
  })
  return (header) => {
    if (header === undefined) throw fault('unauthorized', { reason: 'the Authorization header is missing' })
    const match = /^(?:Bearer|FlyV1) +(\S.*)$/i.exec(header)
    if (!match?.[1] || header.length > 8192) throw fault('unauthorized', { reason: 'the Authorization header has another form than "Bearer TOKEN"' })
    let found: Caller | undefined
    for (const text of match[1].split(',')) {
      const hash = hashOf(text.trim())
      for (const token of known) if (timingSafeEqual(hash, token.hash)) found = token.caller
    }
    if (found === undefined) throw fault('unauthorized', { reason: 'the token is not known here' })
    return found
  }
}
