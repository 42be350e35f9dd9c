import { isFault } from '../model/fault/fault.ts'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import { prefixRange, type Entry, type KeyEvent, type KeyRange, type Revision, type Store, type WatchBatch } from './contract.ts'
import { SortedEntries, type Held } from './sorted-entries.ts'

/** Events under the listened prefix, and the revision the mirror has reached with them. */
export type MirrorListener = (events: readonly KeyEvent[], revision: Revision) => void

export interface MirrorDeps {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
}

/** An always-current copy of some prefixes of a store, in memory: reads cost no call. Each revision shows whole or not at all. */
export interface Mirror extends AsyncDisposable {
  /** Everything up to this revision is in it. */
  readonly revision: Revision
  /** False while the store does not answer: what is read may be old. */
  readonly isCurrent: boolean
  get(key: string): Entry | undefined
  /** In key order. */
  list(prefix: string): readonly Entry[]
  /** The value parsed as JSON, once for each version of the entry: treat it as immutable. Throws when it is no JSON. */
  json<T>(key: string): T | undefined
  /** In key order; as `json`. */
  listJson<T>(prefix: string): readonly T[]
  /** Resolves when the mirror has reached the revision (of a transaction just made, say); rejects with the signal's reason. */
  waitFor(revision: Revision, signal?: AbortSignal): Promise<void>
  /** Calls after each change under the prefix, with the mirror changed already. Also tells what changed across a gap. */
  onChange(prefix: string, listener: MirrorListener): Disposable
}

/** Reads the prefixes and follows them. Rejects when the first read fails; later failures are waited out. */
export async function openMirror(deps: MirrorDeps, prefixes: readonly string[]): Promise<Mirror> {
  const mirror = new FollowingMirror(deps, prefixes)
  await mirror.start()
  return mirror
}

const firstBackoffMs = 100
const maxBackoffMs = 5000

interface Listener {
  readonly prefix: string
  readonly call: MirrorListener
}
interface Waiter {
  readonly revision: Revision
  readonly resolve: () => void
}
/** What `read` found: the entries, and for each prefix the revision it was read at. */
interface Listing {
  readonly entries: readonly Entry[]
  readonly readAt: ReadonlyMap<string, Revision>
}

class FollowingMirror implements Mirror {
  readonly #store: Store
  readonly #clock: Clock
  readonly #log: Log
  readonly #prefixes: readonly string[]
  readonly #range: KeyRange
  readonly #stopping = new AbortController()
  readonly #listeners = new Set<Listener>()
  readonly #waiters = new Set<Waiter>()
  #entries = new SortedEntries()
  #revision: Revision = 0
  #isCurrent = true
  #following: Promise<void> = Promise.resolve()

  constructor(deps: MirrorDeps, prefixes: readonly string[]) {
    this.#store = deps.store
    this.#clock = deps.clock
    this.#log = deps.log
    this.#prefixes = prefixes.toSorted()
    this.#range = coveringRange(this.#prefixes)
  }

  get revision(): Revision {
    return this.#revision
  }
  get isCurrent(): boolean {
    return this.#isCurrent
  }
  get(key: string): Entry | undefined {
    return this.#entries.get(key)?.entry
  }
  list(prefix: string): readonly Entry[] {
    return this.#entries.startingWith(prefix).map((held) => held.entry)
  }
  json<T>(key: string): T | undefined {
    const held = this.#entries.get(key)
    return held && parsed<T>(held)
  }
  listJson<T>(prefix: string): readonly T[] {
    return this.#entries.startingWith(prefix).map((held) => parsed<T>(held))
  }

  waitFor(revision: Revision, signal?: AbortSignal): Promise<void> {
    if (this.#revision >= revision) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const ends = AbortSignal.any([this.#stopping.signal, ...(signal === undefined ? [] : [signal])])
      if (ends.aborted) return reject(ends.reason as Error)
      const onAbort = () => {
        this.#waiters.delete(waiter)
        reject(ends.reason as Error)
      }
      const waiter: Waiter = {
        revision,
        resolve: () => {
          ends.removeEventListener('abort', onAbort)
          resolve()
        },
      }
      ends.addEventListener('abort', onAbort, { once: true })
      this.#waiters.add(waiter)
    })
  }

  onChange(prefix: string, call: MirrorListener): Disposable {
    const listener = { prefix, call }
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) }
  }

  async start(): Promise<void> {
    const watch = await this.#connect()
    this.#following = this.#follow(watch)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear()
    this.#stopping.abort(new Error('the mirror is closed'))
    await this.#following
  }

  async #follow(first: AsyncIterator<WatchBatch>): Promise<void> {
    const { signal } = this.#stopping
    let watch: AsyncIterator<WatchBatch> | undefined = first
    let backoffMs = firstBackoffMs
    while (!signal.aborted) {
      try {
        watch ??= await this.#connect()
        backoffMs = firstBackoffMs
        await this.#consume(watch)
      } catch (error) {
        if (signal.aborted) return
        if (this.#isCurrent || !isFault(error, 'store_unavailable')) {
          this.#log.warn('mirror lost the store, reads may be old', { prefixes: this.#prefixes, revision: this.#revision, error })
        }
        this.#isCurrent = false
        await this.#pause(backoffMs)
        backoffMs = Math.min(backoffMs * 2, maxBackoffMs)
      }
      watch = undefined
    }
  }

  /** Lists anew, tells the difference, and returns a watch that stands where the mirror stands. */
  async #connect(): Promise<AsyncIterator<WatchBatch>> {
    const { entries, readAt } = await this.#read()
    const from = Math.min(...readAt.values())
    const newest = Math.max(...readAt.values())
    const batches = this.#store.watch({ range: this.#range, fromRevision: from + 1, progress: true, signal: this.#stopping.signal })
    const watch = batches[Symbol.asyncIterator]()
    const next = new SortedEntries()
    for (const entry of entries) next.set(entry)
    let reached = from
    // The prefixes were read one after the other: the watch brings them to one revision before anybody sees them.
    while (reached < newest) {
      const batch = await watch.next()
      if (batch.done === true || batch.value.type === 'compacted') return this.#connect()
      const events = batch.value.events.filter((event) => event.revision > (readAt.get(this.#prefixOf(event.key) ?? '') ?? Infinity))
      apply(next, events)
      reached = batch.value.revision
    }
    const events = difference(this.#entries, next, this.#prefixes, reached)
    this.#entries = next
    if (!this.#isCurrent) this.#log.info('mirror is current again', { prefixes: this.#prefixes, revision: reached })
    this.#isCurrent = true
    this.#advance(events, reached)
    return watch
  }

  async #read(): Promise<Listing> {
    const entries: Entry[] = []
    const readAt = new Map<string, Revision>()
    for (const prefix of this.#prefixes) {
      const result = await this.#store.range(prefixRange(prefix))
      for (const entry of result.entries) entries.push(entry)
      readAt.set(prefix, result.revision)
    }
    return { entries, readAt }
  }

  /** Ends when history was compacted under the watch. */
  async #consume(watch: AsyncIterator<WatchBatch>): Promise<void> {
    for (;;) {
      const next = await watch.next()
      if (next.done === true || next.value.type === 'compacted') return
      const events = next.value.events.filter((event) => this.#prefixOf(event.key) !== undefined)
      apply(this.#entries, events)
      this.#advance(events, next.value.revision)
    }
  }

  #advance(events: readonly KeyEvent[], revision: Revision): void {
    this.#revision = Math.max(this.#revision, revision)
    for (const listener of events.length > 0 ? this.#listeners : []) {
      const wanted = events.filter((event) => event.key.startsWith(listener.prefix))
      if (wanted.length === 0) continue
      try {
        listener.call(wanted, this.#revision)
      } catch (error) {
        this.#log.error('a listener of the mirror failed', { prefix: listener.prefix, revision, error })
      }
    }
    for (const waiter of this.#waiters) {
      if (waiter.revision > this.#revision) continue
      this.#waiters.delete(waiter)
      waiter.resolve()
    }
  }

  #prefixOf(key: string): string | undefined {
    return this.#prefixes.find((prefix) => key.startsWith(prefix))
  }

  async #pause(ms: number): Promise<void> {
    try {
      await this.#clock.sleep(ms, this.#stopping.signal)
    } catch (error) {
      if (!this.#stopping.signal.aborted) throw error
    }
  }
}

function parsed<T>(held: Held): T {
  held.json ??= { value: JSON.parse(held.entry.value) as unknown }
  return held.json.value as T
}

function coveringRange(sorted: readonly string[]): KeyRange {
  const ends = sorted.map((prefix) => prefixRange(prefix).end).toSorted()
  return { start: sorted[0] ?? '', end: ends.at(-1) ?? '' }
}

function apply(entries: SortedEntries, events: readonly KeyEvent[]): void {
  for (const event of events) {
    if (event.entry === undefined) entries.delete(event.key)
    else entries.set(event.entry)
  }
}

/** The events that lead from one state to the other, as far as they can still be known. */
function difference(before: SortedEntries, after: SortedEntries, prefixes: readonly string[], revision: Revision): readonly KeyEvent[] {
  const gone = prefixes.flatMap((prefix) => before.startingWith(prefix)).filter(({ entry }) => after.get(entry.key) === undefined)
  const changed = prefixes
    .flatMap((prefix) => after.startingWith(prefix))
    .filter(({ entry }) => before.get(entry.key)?.entry.modRevision !== entry.modRevision)
  return [
    ...gone.map(({ entry }): KeyEvent => ({ type: 'delete', key: entry.key, revision })),
    ...changed.map(({ entry }): KeyEvent => ({ type: 'put', key: entry.key, entry, revision: entry.modRevision })),
  ]
}
