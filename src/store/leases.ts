import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import type { StoreLeaseId } from './contract.ts'

interface Running {
  readonly ttlMs: number
  deadline: number
  timer: Disposable
}

/** After a failed attempt to delete an ended lease's keys. */
const retryMs = 1000

/** When leases end. Keeping one alive writes nothing: deadlines live in memory, and after a restart each has its whole time again. */
export class LeaseTimers implements Disposable {
  readonly #clock: Clock
  readonly #log: Log
  readonly #revoke: (lease: StoreLeaseId) => Promise<void>
  readonly #running = new Map<StoreLeaseId, Running>()
  readonly #retries = new Set<Disposable>()
  #isDisposed = false

  constructor(deps: { readonly clock: Clock; readonly log: Log }, revoke: (lease: StoreLeaseId) => Promise<void>) {
    this.#clock = deps.clock
    this.#log = deps.log
    this.#revoke = revoke
  }

  start(lease: StoreLeaseId, ttlMs: number): void {
    if (this.#isDisposed) return
    this.#running.set(lease, { ttlMs, deadline: this.#clock.monotonic() + ttlMs, timer: this.#timer(lease, ttlMs) })
  }

  /** False when it has ended. */
  keepAlive(lease: StoreLeaseId): boolean {
    const running = this.#running.get(lease)
    if (running === undefined) return false
    running.deadline = this.#clock.monotonic() + running.ttlMs
    return true
  }

  stop(lease: StoreLeaseId): void {
    this.#running.get(lease)?.timer[Symbol.dispose]()
    this.#running.delete(lease)
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true
    for (const lease of this.#running.keys()) this.stop(lease)
    for (const retry of this.#retries) retry[Symbol.dispose]()
  }

  #timer(lease: StoreLeaseId, ms: number): Disposable {
    return this.#clock.timer(ms, () => this.#due(lease))
  }

  // Keep-alives only move the deadline; the one timer looks whether it has come.
  #due(lease: StoreLeaseId): void {
    const running = this.#running.get(lease)
    if (running === undefined) return
    const leftMs = running.deadline - this.#clock.monotonic()
    if (leftMs > 0) {
      running.timer = this.#timer(lease, leftMs)
      return
    }
    this.#running.delete(lease)
    this.#expire(lease)
  }

  #expire(lease: StoreLeaseId): void {
    this.#revoke(lease).catch((error: unknown) => {
      if (this.#isDisposed) return
      this.#log.warn('an ended lease still has its keys', { lease, error })
      const retry = this.#clock.timer(retryMs, () => {
        this.#retries.delete(retry)
        this.#expire(lease)
      })
      this.#retries.add(retry)
    })
  }
}
