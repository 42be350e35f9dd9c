import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { HostId, MachineId } from '../../model/ids.ts'
import type { WakeReply } from '../../protocol/edge-session.ts'
import type { WakeFailure } from '../admission/refusals.ts'
import type { Place } from '../routing/place.ts'

export interface WakeAsk {
  readonly host: HostId
  readonly machine: MachineId
  readonly internalPort: number
  readonly deadlineMs: number
}
/** One try: `unreachable` when nobody was there to answer, which is worth another try. */
export type WakeResult = { readonly kind: 'woken'; readonly reply: WakeReply } | WakeFailure
export interface WakeDeps {
  readonly clock: Clock
  readonly log: Log
  /** Never rejects. */
  readonly call: (ask: WakeAsk, signal: AbortSignal) => Promise<WakeResult>
  /** The edge's step, taken when a call is made. */
  readonly step: () => number
  readonly onWoken: (place: Place, reply: WakeReply, askedAt: number) => void
  readonly onFailed: (place: Place, failure: WakeFailure) => void
}

/** The host is asked to give up so much before the requests do: what it found out is worth more to them than that time is over. */
const marginMs = 250
const firstPauseMs = 25
const longestPauseMs = 400

/** Wakes under way: one call per machine and port, however many requests wait for it. While the host is away it is asked again and again. */
export class Wakes implements Disposable {
  readonly #deps: WakeDeps
  readonly #running = new Map<Place, { untilMs: number }>()
  readonly #ended = new AbortController()
  constructor(deps: WakeDeps) {
    this.#deps = deps
  }

  get count(): number {
    return this.#running.size
  }

  /** Sees to it that a wake of the place is under way until `untilMs` (monotonic). `patienceMs` bounds one call: the host answers by then at the latest. */
  ensure(place: Place, untilMs: number, patienceMs = Infinity): void {
    const running = this.#running.get(place)
    if (running !== undefined) {
      running.untilMs = Math.max(running.untilMs, untilMs)
      return
    }
    const wake = { untilMs }
    this.#running.set(place, wake)
    void this.#run(place, wake, patienceMs)
  }

  async #run(place: Place, wake: { untilMs: number }, patienceMs: number): Promise<void> {
    const { clock, call, step, onWoken, onFailed, log } = this.#deps
    let pauseMs = firstPauseMs
    try {
      for (;;) {
        const askedAt = step()
        const untilMs = wake.untilMs
        const deadlineMs = Math.max(1, Math.min(patienceMs, Math.ceil(untilMs - clock.monotonic() - marginMs)))
        const result = await call({ host: place.host, machine: place.machine, internalPort: place.internalPort, deadlineMs }, this.#ended.signal)
        if (this.#ended.signal.aborted) return
        const isOver = clock.monotonic() >= wake.untilMs
        if (result.kind === 'woken') {
          this.#running.delete(place)
          return onWoken(place, result.reply, askedAt)
        }
        log.debug('wake failed', { machine: place.machine, ...result })
        // Somebody came later than the call was made, and has time left.
        const isExtended = result.kind === 'timeout' && patienceMs === Infinity && wake.untilMs > untilMs
        if (isOver || (result.kind !== 'unreachable' && !isExtended)) {
          this.#running.delete(place)
          return onFailed(place, result)
        }
        if (result.kind !== 'unreachable') continue
        await clock.sleep(Math.min(pauseMs, Math.max(1, wake.untilMs - clock.monotonic())), this.#ended.signal)
        pauseMs = Math.min(longestPauseMs, pauseMs * 2)
      }
    } catch (error) {
      if (!this.#ended.signal.aborted) throw error
    }
  }

  [Symbol.dispose](): void {
    this.#ended.abort(new Error('the edge ends'))
  }
}
