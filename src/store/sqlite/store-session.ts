import type { Entry, RangeResult } from '../contract.ts'
import { Database, type Write } from './database.ts'
import { StoreError, storeError, wireFault } from './store-error.ts'
import { WatchHub } from './watch-hub.ts'
import type { Answers, Call, OpenRequest, RangePage, Reply, Request, WatchPush } from './worker-protocol.ts'

/** A range's answer goes out in pages of about this size. */
const pageBytes = 512 * 1024
/** More writes than this wait for the next commit. */
const maxGroup = 2000
const maxGroupBytes = 16 * 1024 * 1024

type WriteCall = Call & { readonly request: Write }
/** Where a session's output of one turn is gathered. */
export interface Outbox {
  reply(reply: Reply): void
  push(push: WatchPush): void
}

/** One open store in the store's thread: what came in since the last turn is answered in `turn`, the writes by one commit. */
export class StoreSession {
  readonly #outbox: Outbox
  readonly #database: Database
  readonly #hub: WatchHub
  readonly #cursors = new Map<number, RangeResult>()
  #nextCursor = 1
  #writes: WriteCall[] = []
  #closing: Call | undefined

  constructor(store: number, request: OpenRequest, outbox: Outbox) {
    this.#outbox = outbox
    this.#database = new Database(request)
    this.#hub = new WatchHub(this.#database, (watchId, batch, bytes) => outbox.push({ store, watchId, batch, bytes }))
  }

  leases(): Answers['open'] {
    return { leases: this.#database.leases() }
  }

  /** Answers reads at once; writes wait for the turn. */
  take(call: Call): void {
    const { request } = call
    if (isWrite(request)) this.#writes.push({ ...call, request })
    else if (request.op === 'close') this.#closing = call
    else this.#answer(call, () => this.#read(request))
  }

  get hasWork(): boolean {
    return this.#writes.length > 0 || this.#closing !== undefined
  }

  /** Commits one group of waiting writes. */
  commit(): void {
    if (this.#writes.length === 0) return
    const group = this.#writes.splice(0, groupLength(this.#writes))
    const first = this.#database.revision + 1
    const { outcomes, events } = this.#database.commit(group.map((call) => call.request))
    // Watchers before writers: who waits for a write and then looks at a mirror finds it there.
    this.#hub.committed(first, events)
    for (const [index, call] of group.entries()) {
      const outcome = outcomes[index] ?? { fault: wireFault(new Error('no outcome'), this.#database.path) }
      this.#outbox.reply({ id: call.id, ...outcome })
    }
  }

  /** After the answers have left. True when the session is closed. */
  tidy(): boolean {
    if (this.#closing !== undefined && this.#writes.length === 0) {
      this.#answer(this.#closing, () => {
        this.#database.close()
        return null
      })
      return true
    }
    try {
      this.#database.tidy()
    } catch (error) {
      // Nobody waits for it, and the next turn tries again; a disk that stays full shows in the writes.
      if (!isExpected(error)) throw error
    }
    return false
  }

  #read(request: Exclude<Request, Write | { op: 'close' }>): Answers[keyof Answers] {
    switch (request.op) {
      case 'open':
        throw storeError('store_unavailable', { reason: 'already open' })
      case 'get':
        return this.#database.get(request.key)
      case 'range':
        return this.#page(this.#database.range(request.range, request.limit, request.keysOnly))
      case 'rangeNext': {
        const rest = this.#cursors.get(request.cursor)
        this.#cursors.delete(request.cursor)
        if (rest === undefined) throw storeError('store_unavailable', { reason: 'unknown cursor' })
        return this.#page(rest)
      }
      case 'compact':
        this.#database.compact(request.revision)
        return null
      case 'revision':
        return this.#database.revision
      case 'watch':
        this.#hub.add(request.watch)
        return null
      case 'watchTaken':
        this.#hub.taken(request.watchId, request.bytes)
        return null
      case 'unwatch':
        this.#hub.remove(request.watchId)
        return null
    }
  }

  #page(result: RangeResult): RangePage {
    const end = pageEnd(result.entries)
    if (end >= result.entries.length) return { ...result, cursor: undefined }
    const cursor = this.#nextCursor++
    this.#cursors.set(cursor, { ...result, entries: result.entries.slice(end) })
    return { ...result, entries: result.entries.slice(0, end), cursor }
  }

  #answer(call: Call, act: () => Answers[keyof Answers]): void {
    try {
      this.#outbox.reply({ id: call.id, answer: act() })
    } catch (error) {
      const reason = error instanceof Error && !(error instanceof StoreError) ? error.message : undefined
      this.#outbox.reply({ id: call.id, fault: wireFault(error, this.#database.path), ...(reason === undefined ? {} : { reason }) })
    }
  }
}

const isWrite = (request: Request): request is Write => request.op === 'transact' || request.op === 'grantLease' || request.op === 'revokeLease'

function groupLength(writes: readonly WriteCall[]): number {
  let bytes = 0
  for (const [index, { request }] of writes.entries()) {
    if (index === maxGroup || bytes > maxGroupBytes) return index
    if (request.op === 'transact') for (const operation of request.transaction.then) if (operation.op === 'put') bytes += operation.value.length
  }
  return writes.length
}

function pageEnd(entries: readonly Entry[]): number {
  let bytes = 0
  for (const [index, { value }] of entries.entries()) {
    if (bytes > pageBytes) return index
    bytes += value.length + 200
  }
  return entries.length
}

const isExpected = (error: unknown): boolean => {
  const { code } = wireFault(error, '')
  return code === 'store_full' || code === 'store_unavailable'
}
