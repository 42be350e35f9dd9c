import { createHash } from 'node:crypto'

/** Tokens are 256 random bits: a plain hash of them cannot be guessed, so it needs neither salt nor stretching. */
export const hashOfToken = (text: string): Buffer => createHash('sha256').update(text).digest()
/** Names a token in the store, in lists and in the audit log. */
export const tokenIdOf = (hash: Buffer): string => hash.toString('hex').slice(0, 32)
