import type { AuditVerdict } from '../../protocol/access-api.ts'
import type { Store } from '../../store/contract.ts'
import { keys } from '../../store/keys.ts'
import type { Keyring } from '../secrets/keyring.ts'
import { auditKeyOwner } from './audit-log.ts'
import { isHeadSealed, isSealed, type AuditHead, type AuditRecord } from './audit-record.ts'

const pageSize = 500

async function headOf(store: Store): Promise<AuditHead | undefined> {
  const entry = await store.get(keys.auditHead)
  return entry && (JSON.parse(entry.value) as AuditHead)
}
async function page(store: Store, from: number, to: number): Promise<readonly AuditRecord[]> {
  const { entries } = await store.range({ start: keys.audit(from), end: keys.audit(to + 1) })
  return entries.map((entry) => JSON.parse(entry.value) as AuditRecord)
}

/** The newest records that are wanted, newest first. */
export async function readAudit(
  store: Store,
  wanted: { readonly limit: number; readonly before?: number; readonly isWanted: (record: AuditRecord) => boolean },
): Promise<readonly AuditRecord[]> {
  const head = await headOf(store)
  const found: AuditRecord[] = []
  if (head === undefined) return found
  for (let to = Math.min(head.seq, (wanted.before ?? Infinity) - 1); to >= head.first && found.length < wanted.limit; to -= pageSize) {
    for (const record of (await page(store, Math.max(head.first, to - pageSize + 1), to)).toReversed()) {
      if (found.length < wanted.limit && wanted.isWanted(record)) found.push(record)
    }
  }
  return found
}

/** Goes along the whole chain. What is written meanwhile is left for the next time. */
export async function verifyAudit(store: Store, keyring: Pick<Keyring, 'of'>): Promise<AuditVerdict> {
  const head = await headOf(store)
  if (head === undefined) {
    const { entries } = await store.range({ start: keys.audit(0), end: keys.audit(999_999_999_999) }, { limit: 1 })
    const empty = { records: 0, first: 1, last: 0, head: '' }
    return entries.length === 0 ? { ok: true, ...empty } : { ok: false, ...empty, problem: 'there are records, but where they end is not known' }
  }
  const key = (await keyring.of(auditKeyOwner)).digest
  const about = { first: head.first, last: head.seq, head: `${head.seq}:${head.hash}` }
  const failed = (records: number, problem: string): AuditVerdict => ({ ok: false, ...about, records, problem })
  if (!isHeadSealed(key, head)) return failed(0, 'the end of the log was changed')
  let { before } = head
  let next = head.first
  while (next <= head.seq) {
    const records = await page(store, next, Math.min(head.seq, next + pageSize - 1))
    // Retention may have dropped the beginning since the head was read.
    if (records.length === 0 && next === head.first && (await headOf(store))?.first !== head.first) return verifyAudit(store, keyring)
    if (records.length === 0) return failed(next - head.first, `record ${next} is missing`)
    for (const record of records) {
      if (record.seq !== next) return failed(next - head.first, `record ${next} is missing`)
      if (!isSealed(key, record, before)) return failed(next - head.first, `record ${next} was changed, or one before it`)
      before = record.hash
      next++
    }
  }
  if (before !== head.hash) return failed(next - head.first, 'the last record is not the one that was written last')
  return { ok: true, ...about, records: next - head.first }
}
