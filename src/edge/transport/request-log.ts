import type { RequestLogEntry } from './proxy-contract.ts'

/**
 * Takes entries on the request path without waiting and gives them on in order, once a turn of the event loop: soon enough that they die young in the heap.
 * What does not fit is dropped and counted.
 */
export class RequestLog implements Disposable {
  dropped = 0
  readonly #ring: (RequestLogEntry | undefined)[]
  readonly #emit: (entry: RequestLogEntry) => void
  readonly #defer: (callback: () => void) => void
  readonly #flush = () => this.flush()
  #first = 0
  #count = 0

  /** `defer` calls back later in the same turn, such as setImmediate. */
  constructor(defer: (callback: () => void) => void, capacity: number, emit: (entry: RequestLogEntry) => void) {
    this.#defer = defer
    this.#ring = Array.from({ length: capacity }, () => undefined)
    this.#emit = emit
  }

  add(entry: RequestLogEntry): void {
    if (this.#count === this.#ring.length) {
      this.dropped++
      return
    }
    this.#ring[(this.#first + this.#count++) % this.#ring.length] = entry
    if (this.#count === 1) this.#defer(this.#flush)
  }

  flush(): void {
    while (this.#count > 0) {
      const entry = this.#ring[this.#first]
      this.#ring[this.#first] = undefined
      this.#first = (this.#first + 1) % this.#ring.length
      this.#count--
      if (entry !== undefined) this.#emit(entry)
    }
  }

  [Symbol.dispose](): void {
    this.flush()
  }
}
