/**
 * The state contract: ordered keys, revisions, multi-key compare-and-swap, watches, leases — the subset of etcd v3's semantics that Kante
 * needs. Every implementation passes test/conformance/store. Values are UTF-8 text (JSON); keys are `/`-separated ASCII.
 */
export type Revision = number
export type StoreLeaseId = string

export interface Entry {
  readonly key: string
  readonly value: string
  /** The revision of the transaction that made the key. */
  readonly createRevision: Revision
  /** The revision of the last transaction that wrote it. */
  readonly modRevision: Revision
  /** Writes since it was made, from 1. */
  readonly version: number
  readonly lease?: StoreLeaseId
}

/** Keys: 1 to 512 printable ASCII characters, so byte order is also the order of JavaScript's strings. Values: well-formed text. */
export const keyPattern = /^[\x21-\x7e]{1,512}$/

/** Half-open: `start` ≤ key < `end`, in byte order. */
export interface KeyRange {
  readonly start: string
  readonly end: string
}
/** Every key there can be. */
export const everything: KeyRange = { start: '', end: '\x7f' }

/** The keys that start with the prefix; '' means all. */
export const prefixRange = (prefix: string): KeyRange =>
  prefix === '' ? everything : { start: prefix, end: prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1) }

export interface RangeResult {
  readonly entries: readonly Entry[]
  /** The store's revision at which this was read. */
  readonly revision: Revision
  /** True when `limit` cut the answer. */
  readonly more: boolean
}

/** Comparisons of a missing key: modRevision, createRevision and version are 0, no comparison of its value holds (as in etcd). */
export type Compare =
  | { readonly key: string; readonly target: 'modRevision' | 'createRevision' | 'version'; readonly is: '=' | '<' | '>' | '!='; readonly to: number }
  | { readonly key: string; readonly target: 'value'; readonly is: '=' | '!='; readonly to: string }

export type Operation =
  | { readonly op: 'put'; readonly key: string; readonly value: string; readonly lease?: StoreLeaseId }
  | { readonly op: 'delete'; readonly key: string }
  | { readonly op: 'deleteRange'; readonly range: KeyRange }

export interface Transaction {
  /** All must hold (empty: always). */
  readonly compare: readonly Compare[]
  /** No key may be written twice. */
  readonly then: readonly Operation[]
  readonly else?: readonly Operation[]
}
export interface TransactionResult {
  readonly held: boolean
  /** The store's revision afterwards: one more than before if anything was written, else unchanged. */
  readonly revision: Revision
}

export interface WriteOptions {
  /**
   * durable (default): the answer comes after the write is on disk. buffered: it may come before, and a power cut may take the write back
   * (a later durable write never survives without the earlier buffered ones). Implementations may treat buffered as durable.
   */
  readonly durability?: 'durable' | 'buffered'
}

export interface KeyEvent {
  readonly type: 'put' | 'delete'
  readonly key: string
  /** The entry after a put. */
  readonly entry?: Entry
  readonly revision: Revision
}
/** One batch holds whole revisions: the events of a transaction are never torn apart. */
export type WatchBatch =
  | { readonly type: 'events'; readonly revision: Revision; readonly events: readonly KeyEvent[] }
  /** The wanted revisions are gone: read the range anew and watch from its revision + 1. The watch ends with it. */
  | { readonly type: 'compacted'; readonly compactRevision: Revision }

export interface WatchOptions {
  readonly range: KeyRange
  /** First revision wanted; without it, what comes after now. */
  readonly fromRevision?: Revision
  /** Also tell, by a batch without events, of later revisions that touched nothing in the range. */
  readonly progress?: boolean
  readonly signal: AbortSignal
}

export const transactionLimits = { operations: 128, bytes: 1024 * 1024 } as const

/**
 * Faults: `store_unavailable`, `store_full`, `transaction_too_large`, `store_lease_ended` (a put names a lease that is gone), `invalid_value`
 * (a key, range, TTL or transaction against the rules here). Un-awaited calls have no order among each other.
 */
export interface Store extends AsyncDisposable {
  get(key: string): Promise<Entry | undefined>
  /** In key order, all as of one revision. `keysOnly` leaves each value ''. */
  range(range: KeyRange, options?: { readonly limit?: number; readonly keysOnly?: boolean }): Promise<RangeResult>
  transact(transaction: Transaction, options?: WriteOptions): Promise<TransactionResult>
  /**
   * Watches from the call on, not from the first read. Each batch once, in order, without a gap, until the signal ends it (normally) or a
   * `compacted` batch. A slow reader loses nothing that is not compacted. Throws `store_unavailable` when the store goes away.
   */
  watch(options: WatchOptions): AsyncIterable<WatchBatch>
  /** A lease that is not kept alive within `ttlMs` ends, and its keys are deleted in one revision. Returns its id. */
  grantLease(ttlMs: number): Promise<StoreLeaseId>
  /** False when the lease has ended already. */
  keepLeaseAlive(lease: StoreLeaseId): Promise<boolean>
  revokeLease(lease: StoreLeaseId): Promise<void>
  /** Forgets history before `revision`: watches from earlier get `compacted`. */
  compact(revision: Revision): Promise<void>
  revision(): Promise<Revision>
}
