import { AsyncLocalStorage } from 'node:async_hooks'
import { keyedQueue } from '../../kit/keyed-queue.ts'
import type { Log } from '../../kit/log.ts'
import { isFault } from '../../model/fault/fault.ts'
import type { Operation, Store, Transaction, TransactionResult, WriteOptions } from '../../store/contract.ts'
import { keys, prefixes } from '../../store/keys.ts'
import type { Keyring } from '../secrets/keyring.ts'
import { origin, sealHead, sealRecord, type AuditedCall, type AuditHead, type AuditRecord } from './audit-record.ts'

/** How many records are kept (docs/adr/0023). */
export const keptRecords = 50_000
/** Older ones are dropped by so many. */
const dropEvery = 500
const mostObjects = 16
/** No org can have this name. */
export const auditKeyOwner = '~audit'

/** Writes down who did what. */
export interface AuditLog {
  /** The store for whatever a call may change: its first transaction that is more than a lease takes the record of the call along, so that neither is there without the other. */
  readonly store: Store
  /** Runs a call. One that wrote nothing is recorded afterwards; so is the failure of one that did. */
  during<Result>(call: AuditedCall, run: () => Promise<Result>): Promise<Result>
}
interface Pending {
  readonly call: AuditedCall
  isRecorded: boolean
}
interface Head {
  readonly value: AuditHead | undefined
  readonly modRevision: number
}

export function openAuditLog(
  deps: { readonly store: Store; readonly keyring: Pick<Keyring, 'of'>; readonly now: () => number; readonly log: Log },
  options: { readonly kept?: number; readonly dropEvery?: number } = {},
): AuditLog {
  const { store, log } = deps
  const limits = { kept: options.kept ?? keptRecords, every: options.dropEvery ?? dropEvery }
  const calls = new AsyncLocalStorage<Pending>()
  const queue = keyedQueue()
  let head: Head | undefined

  async function readHead(): Promise<Head> {
    const entry = await store.get(keys.auditHead)
    return { value: entry && (JSON.parse(entry.value) as AuditHead), modRevision: entry?.modRevision ?? 0 }
  }

  /** One at a time: each record needs the hash of the one before. */
  const append = (call: AuditedCall, outcome: string, carried: Transaction, options?: WriteOptions): Promise<TransactionResult> =>
    queue.run('', async () => {
      const key = (await deps.keyring.of(auditKeyOwner)).digest
      for (;;) {
        const before = (head ??= await readHead())
        const { next, operations } = await linked(key, before.value, { ...call, objects: objectsOf(call, carried) }, outcome)
        const result = await store.transact(
          {
            compare: [...carried.compare, { key: keys.auditHead, target: 'modRevision', is: '=', to: before.modRevision }],
            then: [...carried.then, ...operations],
          },
          options,
        )
        if (result.held) head = { value: next, modRevision: result.revision }
        if (result.held) return result
        head = await readHead()
        // Another control added a record: once more. Otherwise it was the caller's own comparison that failed, and nothing has happened.
        if (head.modRevision === before.modRevision) return result
      }
    })

  async function linked(key: Buffer, before: AuditHead | undefined, call: AuditedCall, outcome: string) {
    const seq = (before?.seq ?? 0) + 1
    const at = new Date(deps.now()).toISOString()
    const record = sealRecord(key, { schema: 1, seq, at, ...call, outcome }, before?.hash ?? origin)
    const dropped = seq % limits.every === 0 ? await dropOlder(seq - limits.kept, before) : undefined
    const next = sealHead(key, {
      schema: 1,
      seq,
      hash: record.hash,
      first: dropped?.first ?? before?.first ?? 1,
      before: dropped?.before ?? before?.before ?? origin,
    })
    const operations: readonly Operation[] = [
      { op: 'put', key: keys.audit(seq), value: JSON.stringify(record) },
      { op: 'put', key: keys.auditHead, value: JSON.stringify(next) },
      ...(dropped?.operations ?? []),
    ]
    return { next, operations }
  }
  /** What is older than the newest `kept`; the hash that the rest is linked to stays in the head. */
  async function dropOlder(last: number, before: AuditHead | undefined) {
    if (before === undefined || last < before.first) return undefined
    const entry = await store.get(keys.audit(last))
    if (entry === undefined) return undefined
    const range = { start: keys.audit(0), end: keys.audit(last + 1) }
    return { first: last + 1, before: (JSON.parse(entry.value) as AuditRecord).hash, operations: [{ op: 'deleteRange', range } as const] }
  }

  async function transact(transaction: Transaction, options?: WriteOptions): Promise<TransactionResult> {
    const pending = calls.getStore()
    // What follows an `else` would follow a comparison of ours as well.
    if (pending === undefined || pending.isRecorded || transaction.else !== undefined || isPreparation(transaction))
      return store.transact(transaction, options)
    pending.isRecorded = true
    try {
      const result = await append(pending.call, 'written', transaction, options)
      pending.isRecorded = result.held
      return result
    } catch (error) {
      pending.isRecorded = false
      throw error
    }
  }

  const nothing: Transaction = { compare: [], then: [] }
  return {
    store: { ...forwarded(store), transact },
    async during(call, run) {
      const pending: Pending = { call, isRecorded: false }
      try {
        const result = await calls.run(pending, run)
        if (!pending.isRecorded) {
          pending.isRecorded = true
          await append(call, 'ok', nothing, { durability: 'buffered' }).catch((error: unknown) =>
            // It is done: an answer that says otherwise would be wrong as well.
            log.error('a call could not be recorded', { action: call.action, request: call.request, error }),
          )
        }
        return result
      } catch (error) {
        pending.isRecorded = true
        await append(call, isFault(error) ? error.code : 'internal', nothing, { durability: 'buffered' }).catch((cause: unknown) =>
          log.error('a failed call could not be recorded', { action: call.action, request: call.request, error: cause }),
        )
        throw error
      }
    },
  }
}

/** Taking or giving back a lease is no change yet: what is done under it may still be refused. */
const isPreparation = ({ then }: Transaction): boolean =>
  then.every((operation) => operation.op !== 'deleteRange' && operation.key.startsWith(prefixes.leases))

/** What the path names, then the keys of the records that are written or deleted. */
const objectsOf = (call: AuditedCall, transaction: Transaction): readonly string[] =>
  [
    ...new Set([
      ...call.objects,
      ...transaction.then.map((operation) => (operation.op === 'deleteRange' ? `${operation.range.start}*` : operation.key)),
    ]),
  ].slice(0, mostObjects)

const forwarded = (store: Store): Store => ({
  get: (key) => store.get(key),
  range: (range, options) => store.range(range, options),
  transact: (transaction, options) => store.transact(transaction, options),
  watch: (options) => store.watch(options),
  grantLease: (ttlMs) => store.grantLease(ttlMs),
  keepLeaseAlive: (lease) => store.keepLeaseAlive(lease),
  revokeLease: (lease) => store.revokeLease(lease),
  compact: (revision) => store.compact(revision),
  revision: () => store.revision(),
  [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
})
