import type { Clock } from '../../kit/clock.ts'

/** What a wheel can time: one deadline each, kept on the object so that arming again is an assignment. */
export interface Timed {
  /** Monotonic milliseconds; Infinity while nothing is timed. Only the wheel writes it. */
  deadlineMs: number
  /** The tick whose slot holds the object; −1: none. Only the wheel writes it. */
  wheelTick: number
  onDeadline(): void
}

/**
 * Coarse timers for many connections, late by up to two ticks, never early. A deadline that moves further away (the usual case: each request moves it)
 * costs two comparisons: the object is put into its new slot only when the old one comes round.
 */
export class TimerWheel implements Disposable {
  /** Monotonic milliseconds at the last tick: precise enough for deadlines, free to read. */
  nowMs: number
  readonly #slots = new Map<number, Set<Timed>>()
  readonly #clock: Clock
  readonly #tickMs: number
  #timer: Disposable
  #tick: number

  constructor(clock: Clock, tickMs: number) {
    this.#clock = clock
    this.#tickMs = tickMs
    this.nowMs = clock.monotonic()
    this.#tick = Math.floor(this.nowMs / tickMs)
    this.#timer = clock.timer(tickMs, () => this.#turn())
  }

  /** Calls `onDeadline` once, `ms` from now, unless armed again or disarmed; 0 disarms. */
  arm(timed: Timed, ms: number): void {
    if (ms === 0) {
      timed.deadlineMs = Infinity
      return
    }
    timed.deadlineMs = this.nowMs + this.#tickMs + ms
    if (timed.wheelTick >= 0 && timed.wheelTick * this.#tickMs <= timed.deadlineMs) return
    this.#place(timed)
  }

  disarm(timed: Timed): void {
    timed.deadlineMs = Infinity
  }
  /** Takes the object out for good. */
  forget(timed: Timed): void {
    timed.deadlineMs = Infinity
    if (timed.wheelTick < 0) return
    this.#slots.get(timed.wheelTick)?.delete(timed)
    timed.wheelTick = -1
  }

  #place(timed: Timed): void {
    if (timed.wheelTick >= 0) this.#slots.get(timed.wheelTick)?.delete(timed)
    const tick = Math.max(this.#tick + 1, Math.ceil(timed.deadlineMs / this.#tickMs))
    const slot = this.#slots.get(tick)
    if (slot === undefined) this.#slots.set(tick, new Set([timed]))
    else slot.add(timed)
    timed.wheelTick = tick
  }

  #turn(): void {
    this.nowMs = this.#clock.monotonic()
    const until = Math.floor(this.nowMs / this.#tickMs)
    for (let tick = this.#tick + 1; tick <= until; tick++) {
      const slot = this.#slots.get(tick)
      if (slot === undefined) continue
      this.#slots.delete(tick)
      this.#tick = tick
      for (const timed of slot) {
        timed.wheelTick = -1
        if (timed.deadlineMs <= this.nowMs) {
          timed.deadlineMs = Infinity
          timed.onDeadline()
        } else if (timed.deadlineMs !== Infinity) this.#place(timed)
      }
    }
    this.#tick = until
    this.#timer = this.#clock.timer(this.#tickMs, () => this.#turn())
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]()
    this.#slots.clear()
  }
}
