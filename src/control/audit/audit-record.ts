import { createHmac, timingSafeEqual } from 'node:crypto'
import type { AppName, OrgSlug } from '../../model/ids.ts'
import type { TokenKind } from '../../model/token.ts'

/** Who called, from where, and what for: known before the call does anything. */
export interface AuditedCall {
  readonly token: string
  readonly kind: TokenKind
  readonly tokenName?: string
  readonly org: OrgSlug
  readonly app?: AppName
  readonly from: string
  /** Method and pattern of the route; the path's own names are in `objects`. */
  readonly action: string
  readonly objects: readonly string[]
  readonly request: string
}
/**
 * `audit/<seq, 12 digits>`. `outcome` is `written` (the change is in the store, by the same transaction as this record), `ok` (done by a host, or
 * nothing was to be done) or the code of a fault; a call that fails after its change was written has a second record.
 */
export interface AuditRecord extends AuditedCall {
  readonly schema: 1
  readonly seq: number
  readonly at: string
  readonly outcome: string
  readonly hash: string
}
/** `audit-head`: where the chain ends, and where what is kept of it begins. */
export interface AuditHead {
  readonly schema: 1
  readonly seq: number
  readonly hash: string
  readonly first: number
  /** The hash of the record before the first. */
  readonly before: string
  /** Over the rest: without the key nobody makes a head for a chain that was cut. */
  readonly mac: string
}
type Unsealed<Sealed, Seal extends keyof Sealed> = Omit<Sealed, Seal>

export const origin = ''

/** The hash of a record is keyed and covers the one before: none can be changed, left out or put in between without the key. */
export const sealRecord = (key: Uint8Array, record: Unsealed<AuditRecord, 'hash'>, before: string): AuditRecord => ({
  ...record,
  hash: hmac(key, `record\n${before}\n${JSON.stringify(record)}`),
})
export const sealHead = (key: Uint8Array, head: Unsealed<AuditHead, 'mac'>): AuditHead => ({
  ...head,
  mac: hmac(key, `head\n${JSON.stringify(head)}`),
})

/** Whether this is the record as it was written after one with the hash `before`. */
export function isSealed(key: Uint8Array, { hash, ...record }: AuditRecord, before: string): boolean {
  return isSame(hash, sealRecord(key, record, before).hash)
}
export const isHeadSealed = (key: Uint8Array, { mac, ...head }: AuditHead): boolean => isSame(mac, sealHead(key, head).mac)

const hmac = (key: Uint8Array, text: string) => createHmac('sha256', key).update(text).digest('hex')
function isSame(found: string, expected: string): boolean {
  const [a, b] = [Buffer.from(found), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
