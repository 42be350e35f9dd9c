import type { WatchBatch } from '../contract.ts'

interface Waiting {
  readonly resolve: (result: IteratorResult<WatchBatch>) => void
  readonly reject: (error: unknown) => void
}
/** What the sender hears of its reader. */
export interface ReaderReports {
  /** The reader has taken a batch of this size. */
  taken(bytes: number): void
  /** The reader wants no more. */
  stopped(): void
}

/** The reading end of one watch: batches wait here until they are read, at most the sender's window of them. */
export class WatchReader implements AsyncIterableIterator<WatchBatch> {
  readonly #signal: AbortSignal
  readonly #reports: ReaderReports
  readonly #queue: { readonly batch: WatchBatch; readonly bytes: number }[] = []
  readonly #waiting: Waiting[] = []
  #isDone = false
  #failure: { readonly error: unknown } | undefined

  constructor(signal: AbortSignal, reports: ReaderReports) {
    this.#signal = signal
    this.#reports = reports
    if (signal.aborted) this.#end()
    else signal.addEventListener('abort', this.#stop, { once: true })
  }

  push(batch: WatchBatch, bytes: number): void {
    if (this.#isDone) return
    this.#queue.push({ batch, bytes })
    const waiting = this.#waiting.shift()
    if (waiting !== undefined) waiting.resolve(this.#shift())
  }

  /** What came before is still read, then the error is thrown once. */
  fail(error: unknown): void {
    if (this.#isDone) return
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#failure = { error }
    else waiting.reject(error)
    this.#end()
  }

  next(): Promise<IteratorResult<WatchBatch>> {
    if (this.#queue.length > 0) return Promise.resolve(this.#shift())
    if (this.#failure !== undefined) {
      const { error } = this.#failure
      this.#failure = undefined
      return Promise.reject(error)
    }
    if (this.#isDone) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  return(): Promise<IteratorResult<WatchBatch>> {
    this.#stop()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #shift(): IteratorResult<WatchBatch> {
    const first = this.#queue.shift()
    if (first === undefined) return { done: true, value: undefined }
    if (first.batch.type === 'compacted') this.#end()
    else if (!this.#isDone) this.#reports.taken(first.bytes)
    return { done: false, value: first.batch }
  }

  readonly #stop = (): void => {
    this.#queue.length = 0
    this.#failure = undefined
    if (this.#isDone) return
    this.#end()
    this.#reports.stopped()
  }

  #end(): void {
    this.#isDone = true
    this.#signal.removeEventListener('abort', this.#stop)
    for (const { resolve } of this.#waiting.splice(0)) resolve({ done: true, value: undefined })
  }
}
