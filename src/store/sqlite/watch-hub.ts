import type { KeyEvent, KeyRange, Revision, WatchBatch } from '../contract.ts'
import { eventSize, type HistoryPart } from './history.ts'
import type { WatchRequest } from './worker-protocol.ts'

/** What the hub needs of its store's history. */
export interface HistorySource {
  readonly revision: Revision
  readonly compacted: Revision
  history(range: KeyRange, from: Revision, maxBytes: number): HistoryPart
}
/** Takes a batch towards its reader; `bytes` come back through `taken` once the reader has it. */
export type SendBatch = (watchId: number, batch: WatchBatch, bytes: number) => void

interface Watcher {
  readonly range: KeyRange
  readonly progress: boolean
  /** The first revision not sent yet. */
  next: Revision
  /** Sent but not yet read. */
  bytesUnderway: number
}

/** A reader may have this much unread; beyond it, it is served from the file as it reads on. */
const windowBytes = 1024 * 1024
const partBytes = 256 * 1024

/**
 * Hands each commit's events to the watchers. Who keeps up gets them from memory, who lags or starts in the past from history: memory per
 * watcher is bounded by the window, and nothing is left out or sent twice because both ways continue at `next`.
 */
export class WatchHub {
  readonly #source: HistorySource
  readonly #send: SendBatch
  readonly #watchers = new Map<number, Watcher>()

  constructor(source: HistorySource, send: SendBatch) {
    this.#source = source
    this.#send = send
  }

  add({ watchId, range, fromRevision, progress }: WatchRequest): void {
    const watcher = { range, progress, next: fromRevision ?? this.#source.revision + 1, bytesUnderway: 0 }
    this.#watchers.set(watchId, watcher)
    this.#sendHistory(watchId, watcher)
  }

  remove(watchId: number): void {
    this.#watchers.delete(watchId)
  }

  /** The reader has taken a batch of this size. */
  taken(watchId: number, bytes: number): void {
    const watcher = this.#watchers.get(watchId)
    if (watcher === undefined) return
    watcher.bytesUnderway -= bytes
    this.#sendHistory(watchId, watcher)
  }

  /** Events of the revisions from `first` to the source's present one, in order. */
  committed(first: Revision, events: readonly KeyEvent[]): void {
    if (events.length === 0) return
    const isSmall = events.reduce((bytes, event) => bytes + eventSize(event), 0) <= partBytes
    for (const [watchId, watcher] of this.#watchers) {
      const { next, range } = watcher
      if (!isSmall) this.#sendHistory(watchId, watcher)
      else if (next >= first && watcher.bytesUnderway < windowBytes) {
        const wanted = events.filter((event) => event.revision >= next && inRange(event.key, range))
        this.#sendEvents(watchId, watcher, wanted, this.#source.revision)
      }
    }
  }

  #sendHistory(watchId: number, watcher: Watcher): void {
    while (watcher.next <= this.#source.revision && watcher.bytesUnderway < windowBytes) {
      if (watcher.next < this.#source.compacted) {
        this.#watchers.delete(watchId)
        this.#send(watchId, { type: 'compacted', compactRevision: this.#source.compacted }, 0)
        return
      }
      const part = this.#source.history(watcher.range, watcher.next, partBytes)
      this.#sendEvents(watchId, watcher, part.events, part.revision)
    }
  }

  #sendEvents(watchId: number, watcher: Watcher, events: readonly KeyEvent[], revision: Revision): void {
    if (revision < watcher.next) return
    watcher.next = revision + 1
    if (events.length === 0 && !watcher.progress) return
    let bytes = 64
    for (const event of events) bytes += eventSize(event)
    watcher.bytesUnderway += bytes
    this.#send(watchId, { type: 'events', revision, events }, bytes)
  }
}

const inRange = (key: string, range: KeyRange): boolean => range.start <= key && key < range.end
