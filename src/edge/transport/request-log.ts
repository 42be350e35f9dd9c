import type { Clock } from '../../kit/clock.ts'
import type { RequestLogEntry } from './proxy-contract.ts'

const flushEveryMs = 50

/** Takes entries on the request path without waiting and gives them on in order, off it; when the reader cannot keep up, the newest are dropped and counted. */
export class RequestLog implements Disposable {
  dropped = 0
  readonly #ring: (RequestLogEntry | undefined)[]
  readonly #emit: (entry: RequestLogEntry) => void
  readonly #clock: Clock
  #timer: Disposable | undefined
  #first = 0
  #count = 0

  constructor(clock: Clock, capacity: number, emit: (entry: RequestLogEntry) => void) {
    this.#clock = clock
    this.#ring = Array.from({ length: capacity }, () => undefined)
    this.#emit = emit
  }

  add(entry: RequestLogEntry): void {
    if (this.#count === this.#ring.length) {
      this.dropped++
      return
    }
    this.#ring[(this.#first + this.#count++) % this.#ring.length] = entry
    this.#timer ??= this.#clock.timer(flushEveryMs, () => {
      this.#timer = undefined
      this.flush()
    })
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
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    this.flush()
  }
}
