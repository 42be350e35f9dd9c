import type { Entry, KeyRange, RangeResult, Revision, StoreLeaseId, Transaction, TransactionResult, WatchBatch } from '../contract.ts'

/** What crosses between a caller's thread and the store's. Calls of one turn travel together, as do their answers. */
export interface HistoryLimits {
  /** Revisions kept for watches. */
  readonly revisions: number
  /** Bytes of keys and values kept for watches. */
  readonly bytes: number
}
export interface OpenRequest {
  readonly path: string
  readonly syncWrites: boolean
  readonly history: HistoryLimits
}
export interface LeaseRecord {
  readonly id: StoreLeaseId
  readonly ttlMs: number
}
export type Request =
  | ({ readonly op: 'open' } & OpenRequest)
  | { readonly op: 'get'; readonly key: string }
  | { readonly op: 'range'; readonly range: KeyRange; readonly limit: number | undefined; readonly keysOnly: boolean }
  | { readonly op: 'rangeNext'; readonly cursor: number }
  | { readonly op: 'transact'; readonly transaction: Transaction; readonly isDurable: boolean }
  | { readonly op: 'grantLease'; readonly ttlMs: number }
  | { readonly op: 'revokeLease'; readonly lease: StoreLeaseId }
  | { readonly op: 'compact'; readonly revision: Revision }
  | { readonly op: 'revision' }
  | { readonly op: 'watch'; readonly watch: WatchRequest }
  | { readonly op: 'watchTaken'; readonly watchId: number; readonly bytes: number }
  | { readonly op: 'unwatch'; readonly watchId: number }
  | { readonly op: 'close' }
export interface WatchRequest {
  readonly watchId: number
  readonly range: KeyRange
  readonly fromRevision: Revision | undefined
  readonly progress: boolean
}

/** The answer's shape by request. */
export interface Answers {
  open: { readonly leases: readonly LeaseRecord[] }
  get: Entry | undefined
  range: RangePage
  rangeNext: RangePage
  transact: TransactionResult
  grantLease: StoreLeaseId
  revokeLease: null
  compact: null
  revision: Revision
  watch: null
  watchTaken: null
  unwatch: null
  close: null
}
/** A long range comes in pages, so that no single message stalls the caller's event loop. */
export interface RangePage extends RangeResult {
  readonly cursor: number | undefined
}

export interface Call {
  readonly id: number
  readonly store: number
  readonly request: Request
}
/** A fault in a form that survives the thread boundary. */
export interface WireFault {
  readonly code: 'store_unavailable' | 'store_full' | 'store_in_use' | 'store_lease_ended' | 'foreign_data' | 'invalid_value'
  readonly detail: object
}
export type Reply =
  | { readonly id: number; readonly answer: Answers[keyof Answers] }
  | { readonly id: number; readonly fault: WireFault; readonly reason?: string }
export interface WatchPush {
  readonly store: number
  readonly watchId: number
  readonly batch: WatchBatch
  readonly bytes: number
}
export interface WorkerOutput {
  readonly replies: readonly Reply[]
  readonly pushes: readonly WatchPush[]
}
