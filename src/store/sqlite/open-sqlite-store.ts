import { fault, type Fault } from '../../model/fault/fault.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import { checkKey, checkLimit, checkTransaction, checkTtl } from '../check-transaction.ts'
import type {
  Entry,
  KeyRange,
  RangeResult,
  Revision,
  Store,
  StoreLeaseId,
  Transaction,
  TransactionResult,
  WatchBatch,
  WatchOptions,
  WriteOptions,
} from '../contract.ts'
import { LeaseTimers } from '../leases.ts'
import { openSqliteEngine, type EngineClient, type SqliteEngine } from './engine.ts'
import { WatchReader } from './watch-reader.ts'
import type { Answers, HistoryLimits, Request, WatchPush } from './worker-protocol.ts'

export interface SqliteStoreDeps {
  readonly clock: Clock
  readonly log: Log
  /** The thread to use; without it the store starts one of its own. */
  readonly engine?: SqliteEngine
}
export interface SqliteStoreOptions {
  /** The database file; its folder is made when missing. */
  readonly path: string
  /** False: nothing is ever synced. For the test that proves that syncing matters. */
  readonly syncWrites?: boolean
  /** What watches may still read; the default is 10,000 revisions and 64 MiB. */
  readonly history?: Partial<HistoryLimits>
}

const defaultHistory: HistoryLimits = { revisions: 10_000, bytes: 64 * 1024 * 1024 }

/** Opens the embedded store (docs/adr/0004). Faults: store_in_use, foreign_data, store_full, store_unavailable. */
export async function openSqliteStore(deps: SqliteStoreDeps, options: SqliteStoreOptions): Promise<Store> {
  const engine = deps.engine ?? openSqliteEngine()
  const store = new SqliteStore(deps, engine, deps.engine === undefined)
  try {
    await store.open(options)
    return store
  } catch (error) {
    if (deps.engine === undefined) await engine[Symbol.asyncDispose]()
    throw error
  }
}

class SqliteStore implements Store, EngineClient {
  readonly #engine: SqliteEngine
  readonly #ownsEngine: boolean
  readonly #number: number
  readonly #leases: LeaseTimers
  readonly #watches = new Map<number, WatchReader>()
  #nextWatch = 1
  #end: Fault | undefined

  constructor(deps: SqliteStoreDeps, engine: SqliteEngine, ownsEngine: boolean) {
    this.#engine = engine
    this.#ownsEngine = ownsEngine
    this.#number = engine.attach(this)
    this.#leases = new LeaseTimers(deps, (lease) => this.#revoke(lease))
  }

  async open({ path, syncWrites = true, history }: SqliteStoreOptions): Promise<void> {
    try {
      const limits = { ...defaultHistory, ...history }
      const { leases } = await this.#engine.call(this.#number, { op: 'open', path, syncWrites, history: limits })
      for (const { id, ttlMs } of leases) this.#leases.start(id, ttlMs)
    } catch (error) {
      this.#engine.detach(this.#number)
      throw error
    }
  }

  async get(key: string): Promise<Entry | undefined> {
    checkKey('key', key)
    return this.#call({ op: 'get', key })
  }

  async range(range: KeyRange, options: { readonly limit?: number; readonly keysOnly?: boolean } = {}): Promise<RangeResult> {
    checkLimit(options.limit)
    let page = await this.#call({ op: 'range', range, limit: options.limit, keysOnly: options.keysOnly ?? false })
    const entries = [...page.entries]
    while (page.cursor !== undefined) {
      page = await this.#call({ op: 'rangeNext', cursor: page.cursor })
      for (const entry of page.entries) entries.push(entry)
    }
    return { entries, revision: page.revision, more: page.more }
  }

  async transact(transaction: Transaction, options: WriteOptions = {}): Promise<TransactionResult> {
    checkTransaction(transaction)
    return this.#call({ op: 'transact', transaction, isDurable: options.durability !== 'buffered' })
  }

  watch({ range, fromRevision, progress = false, signal }: WatchOptions): AsyncIterable<WatchBatch> {
    const watchId = this.#nextWatch++
    const tell = (request: Extract<Request, { op: 'watch' | 'watchTaken' | 'unwatch' }>) => {
      this.#call(request).catch((error: unknown) => reader.fail(error))
    }
    const reader = new WatchReader(signal, {
      taken: (bytes) => tell({ op: 'watchTaken', watchId, bytes }),
      stopped: () => {
        if (this.#watches.delete(watchId)) tell({ op: 'unwatch', watchId })
      },
    })
    if (signal.aborted) return reader
    this.#watches.set(watchId, reader)
    tell({ op: 'watch', watch: { watchId, range, fromRevision, progress } })
    return reader
  }

  async grantLease(ttlMs: number): Promise<StoreLeaseId> {
    checkTtl(ttlMs)
    const lease = await this.#call({ op: 'grantLease', ttlMs })
    this.#leases.start(lease, ttlMs)
    return lease
  }

  async keepLeaseAlive(lease: StoreLeaseId): Promise<boolean> {
    if (this.#end !== undefined) throw this.#end
    return this.#leases.keepAlive(lease)
  }

  async revokeLease(lease: StoreLeaseId): Promise<void> {
    this.#leases.stop(lease)
    await this.#revoke(lease)
  }

  async compact(revision: Revision): Promise<void> {
    await this.#call({ op: 'compact', revision })
  }

  async revision(): Promise<Revision> {
    return this.#call({ op: 'revision' })
  }

  push({ watchId, batch, bytes }: WatchPush): void {
    const reader = this.#watches.get(watchId)
    if (batch.type === 'compacted') this.#watches.delete(watchId)
    reader?.push(batch, bytes)
  }

  fail(error: Fault): void {
    this.#end ??= error
    this.#leases[Symbol.dispose]()
    for (const reader of this.#watches.values()) reader.fail(error)
    this.#watches.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#end !== undefined) return
    const closed = this.#call({ op: 'close' })
    this.fail(fault('store_unavailable', { reason: 'it is closed' }))
    await closed.finally(() => this.#engine.detach(this.#number))
    if (this.#ownsEngine) await this.#engine[Symbol.asyncDispose]()
  }

  #call<Op extends Request['op']>(request: Extract<Request, { op: Op }>): Promise<Answers[Op]> {
    return this.#end === undefined ? this.#engine.call<Op>(this.#number, request) : Promise.reject(this.#end)
  }

  async #revoke(lease: StoreLeaseId): Promise<void> {
    await this.#call({ op: 'revokeLease', lease })
  }
}
