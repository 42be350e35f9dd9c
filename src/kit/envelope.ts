import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'

/** The sealed text was written under another key or for another place, or it was changed. */
export class EnvelopeError extends Error {
  override readonly name = 'EnvelopeError'
}
export const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16
const form = '1.'

/**
 * AES-256-GCM with a random nonce (NIST SP 800-38D §8.2.2): `1.` and base64url of nonce, tag, ciphertext. `context` is authenticated, not stored: the text
 * opens only where the same is said of it. Under one key at most 2³² texts.
 */
export function seal(key: Uint8Array, text: Uint8Array | string, context: string, random: (size: number) => Uint8Array): string {
  const nonce = random(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  cipher.setAAD(Buffer.from(context))
  const body = Buffer.concat([cipher.update(Buffer.from(text)), cipher.final()])
  return form + Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')
}

/** Throws EnvelopeError. */
export function unseal(key: Uint8Array, sealed: string, context: string): Buffer {
  const bytes = Buffer.from(sealed.slice(form.length), 'base64url')
  if (!sealed.startsWith(form) || bytes.length < nonceBytes + tagBytes) throw new EnvelopeError('not a sealed text')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(context))
  decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()])
  } catch (cause) {
    throw new EnvelopeError('the sealed text does not open here', { cause })
  }
}

/** A key for one purpose out of another (HKDF-SHA256, RFC 5869), so that no key is used for two things. */
export const deriveKey = (key: Uint8Array | string, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', Buffer.from(key), Buffer.alloc(0), purpose, keyBytes))

/** Parts as one text that no other parts give: each is preceded by its length. */
export const contextOf = (...parts: readonly (string | number)[]): string =>
  parts.map((part) => `${Buffer.byteLength(String(part))}:${part}`).join(',')
