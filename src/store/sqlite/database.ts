import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { syncDirectories } from './sync-directories.ts'
import type { Entry, KeyEvent, KeyRange, RangeResult, Revision, StoreLeaseId, Transaction } from '../contract.ts'
import { applyRevoke, applyTransaction, readEntry, type Applied } from './apply.ts'
import { readHistory, type HistoryPart } from './history.ts'
import { finishRebuild, rebuild } from './rebuild.ts'
import { openFile } from './schema.ts'
import { prepareStatements, toEntry, type EntryRow, type Statements } from './statements.ts'
import { isDiskFailure, StoreError, storeError, wireFault } from './store-error.ts'
import type { Answers, HistoryLimits, LeaseRecord, OpenRequest, WireFault } from './worker-protocol.ts'

/** A call that writes; several share one SQLite transaction. */
export type Write =
  | { readonly op: 'transact'; readonly transaction: Transaction; readonly isDurable: boolean }
  | { readonly op: 'grantLease'; readonly ttlMs: number }
  | { readonly op: 'revokeLease'; readonly lease: StoreLeaseId }
export type WriteOutcome = { readonly answer: Answers[Write['op']] } | { readonly fault: WireFault }
export interface CommitResult {
  /** One outcome for each write, in order. */
  readonly outcomes: readonly WriteOutcome[]
  /** Events of all revisions the commit made, in order. */
  readonly events: readonly KeyEvent[]
}

/** Above this the write-ahead log is copied into the file between two batches (4 KiB pages). */
const checkpointPages = 1000
/** Between two attempts to replace a file whose disk failed. */
const rebuildPauseMs = 1000

/** One store's file, used from one thread, synchronously. */
export class Database {
  readonly path: string
  #db: DatabaseSync
  #statements: Statements
  readonly #syncWrites: boolean
  readonly #limits: HistoryLimits
  #revision: Revision
  #compacted: Revision
  #historyBytes: number
  #isSyncing = true
  /** A write failed on the disk itself, see `rebuild`. */
  #isSuspect = false
  #nextRebuild = 0

  constructor(request: OpenRequest) {
    this.path = request.path
    const folder = dirname(request.path)
    const firstMade = mkdirSync(folder, { recursive: true, mode: 0o700 })
    finishRebuild(request.path)
    this.#db = openFile(request.path)
    // A file's directory entry is durable only once its folder is synced (fsync(2)).
    syncDirectories(folder, firstMade)
    this.#statements = prepareStatements(this.#db)
    this.#syncWrites = request.syncWrites
    this.#limits = request.history
    this.#revision = this.#readMeta('revision')
    this.#compacted = this.#readMeta('compacted')
    this.#historyBytes = this.#historySize(Number.MAX_SAFE_INTEGER)
    if (!request.syncWrites) this.#db.exec('PRAGMA synchronous = OFF')
  }

  get revision(): Revision {
    return this.#revision
  }
  get compacted(): Revision {
    return this.#compacted
  }

  get(key: string): Entry | undefined {
    return readEntry(this.#statements, key)
  }

  range(range: KeyRange, limit: number | undefined, keysOnly: boolean): RangeResult {
    const statement = keysOnly ? this.#statements.rangeKeys : this.#statements.range
    const rows = statement.all(range.start, range.end, limit === undefined ? -1 : limit + 1) as unknown as readonly EntryRow[]
    const more = limit !== undefined && rows.length > limit
    return { entries: (more ? rows.slice(0, limit) : rows).map(toEntry), revision: this.#revision, more }
  }

  leases(): readonly LeaseRecord[] {
    const rows = this.#statements.leases.all() as unknown as readonly { id: number; ttlMs: number }[]
    return rows.map((row) => ({ id: String(row.id), ttlMs: row.ttlMs }))
  }

  history(range: KeyRange, from: Revision, maxBytes: number): HistoryPart {
    return readHistory(this.#statements, range, from, this.#revision, maxBytes)
  }

  /** Group commit: all writes in one SQLite transaction, each with a revision of its own, one fsync if any of them asks for it. */
  commit(writes: readonly Write[]): CommitResult {
    try {
      this.#replaceSuspectFile()
      this.#setSync(writes.some((write) => write.op !== 'transact' || write.isDurable))
      return this.#commitAll(writes)
    } catch (error) {
      this.#noteFailure(error)
      const fault = wireFault(error, this.path)
      return { outcomes: writes.map(() => ({ fault })), events: [] }
    }
  }

  #commitAll(writes: readonly Write[]): CommitResult {
    const outcomes: WriteOutcome[] = []
    const events: KeyEvent[] = []
    let revision = this.#revision
    let bytes = 0
    this.#db.exec('BEGIN IMMEDIATE')
    for (const write of writes) {
      try {
        const applied = this.#apply(write, revision)
        if (applied.events.length > 0) revision += 1
        for (const event of applied.events) {
          events.push(event)
          bytes += event.key.length + (event.entry === undefined ? 0 : Buffer.byteLength(event.entry.value))
        }
        outcomes.push({ answer: applied.answer })
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        outcomes.push({ fault: error.fault })
      }
    }
    if (revision !== this.#revision) this.#statements.setMeta.run(revision, 'revision')
    this.#db.exec('COMMIT')
    this.#revision = revision
    this.#historyBytes += bytes
    return { outcomes, events }
  }

  #apply(write: Write, revision: Revision): Applied<Answers[Write['op']]> {
    switch (write.op) {
      case 'transact':
        return applyTransaction(this.#statements, write.transaction, revision)
      case 'grantLease':
        return { answer: String(this.#statements.addLease.run(write.ttlMs).lastInsertRowid), events: [] }
      case 'revokeLease':
        return applyRevoke(this.#statements, write.lease, revision)
    }
  }

  /** Forgets revisions before `revision`; one that is in the future is refused. */
  compact(revision: Revision): void {
    if (revision > this.#revision) {
      throw storeError('invalid_value', { field: 'revision', found: revision, rule: `at most the store's revision ${this.#revision}` })
    }
    if (revision <= this.#compacted) return
    try {
      this.#replaceSuspectFile()
      this.#setSync(false)
      const forgotten = this.#historySize(revision)
      this.#db.exec('BEGIN IMMEDIATE')
      this.#statements.forget.run(revision)
      this.#statements.setMeta.run(revision, 'compacted')
      this.#db.exec('COMMIT')
      this.#compacted = revision
      this.#historyBytes -= forgotten
    } catch (error) {
      this.#noteFailure(error)
      throw error
    }
  }

  /** Work for the time after the answers: cuts history to its limits and copies a long write-ahead log into the file. */
  tidy(): void {
    if (this.#isSuspect) return
    const target = this.#compactionTarget()
    if (target > this.#compacted) this.compact(target)
    try {
      if (this.#walPages('NOOP') >= checkpointPages) this.#walPages('PASSIVE')
    } catch (error) {
      this.#noteFailure(error)
      throw error
    }
  }

  /** Closing checkpoints, which a suspect file must not: one that cannot be replaced is left open, for the process's end. */
  close(): void {
    this.#nextRebuild = 0
    this.#replaceSuspectFile()
    this.#db.close()
  }

  /** Lets history grow a tenth over its limits, so that most batches forget nothing. */
  #compactionTarget(): Revision {
    const { revisions, bytes } = this.#limits
    const kept = this.#revision + 1 - Math.max(this.#compacted, 1)
    let target = kept > revisions * 1.1 ? this.#revision + 1 - revisions : this.#compacted
    if (this.#historyBytes > bytes * 1.1) target = Math.max(target, this.#revisionThatFits(bytes))
    return target
  }

  #revisionThatFits(bytes: number): Revision {
    let excess = this.#historyBytes - bytes
    for (const step of this.#statements.historySteps.iterate()) {
      if (excess <= 0) return Number(step['revision'])
      excess -= Number(step['bytes'])
    }
    return this.#revision
  }

  #noteFailure(error: unknown): void {
    if (this.#db.isOpen && this.#db.isTransaction) this.#db.exec('ROLLBACK')
    this.#isSuspect ||= isDiskFailure(error)
  }

  #replaceSuspectFile(): void {
    if (!this.#isSuspect) return
    const now = performance.now()
    if (now < this.#nextRebuild) throw storeError('store_unavailable', { reason: 'its disk failed' })
    this.#nextRebuild = now + rebuildPauseMs
    rebuild(this.#db, this.path)
    this.#db = openFile(this.path)
    this.#statements = prepareStatements(this.#db)
    this.#isSyncing = true
    this.#isSuspect = false
  }

  /**
   * FULL syncs the log at commit, and with it all frames before, those of NORMAL commits too (one file, one fsync). NORMAL syncs at
   * checkpoints only.
   */
  #setSync(isDurable: boolean): void {
    if (!this.#syncWrites || isDurable === this.#isSyncing) return
    this.#db.exec(`PRAGMA synchronous = ${isDurable ? 'FULL' : 'NORMAL'}`)
    this.#isSyncing = isDurable
  }

  /** Frames in the log that are not in the file yet (NOOP), or copied now (PASSIVE). */
  #walPages(mode: 'NOOP' | 'PASSIVE'): number {
    const row = this.#db.prepare(`PRAGMA wal_checkpoint(${mode})`).get()
    return Number(row?.['log']) - Number(row?.['checkpointed'])
  }

  #readMeta(name: string): number {
    return Number(this.#statements.readMeta.get(name)?.['value'])
  }

  #historySize(before: Revision): number {
    return Number(this.#statements.historySize.get(before)?.['bytes'])
  }
}
