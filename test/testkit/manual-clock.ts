import type { Clock } from '../../src/kit/clock.ts'

/** A clock that stands still until it is told to go on; timers fire in the order of their time. */
export class ManualClock implements Clock {
  #nowMs = 0
  #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>()
  now(): number {
    return 1_800_000_000_000 + this.#nowMs
  }
  monotonic(): number {
    return this.#nowMs
  }
  get pending(): number {
    return this.#timers.size
  }
  timer(ms: number, callback: () => void): Disposable {
    const timer = { atMs: this.#nowMs + ms, callback }
    this.#timers.add(timer)
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) }
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error)
      const timer = this.timer(ms, resolve)
      signal?.addEventListener('abort', () => {
        timer[Symbol.dispose]()
        reject(signal.reason as Error)
      })
    })
  }
  /** Lets time pass; between two timers, what was resolved goes on. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    for (;;) {
      await settled()
      const next = [...this.#timers].filter((timer) => timer.atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs)[0]
      if (next === undefined) break
      this.#timers.delete(next)
      this.#nowMs = next.atMs
      next.callback()
    }
    this.#nowMs = untilMs
    await settled()
  }
}
/** All that was waiting for a resolved promise has run. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
