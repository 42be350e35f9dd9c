import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'

const everyMs = 10_000

/** Notes calls without a valid token, a line in ten seconds at most: whoever sends them decides how many there are. */
export function noteRefusedCalls(log: Log, clock: Pick<Clock, 'monotonic'>): (call: { readonly from: string; readonly reason: string }) => void {
  let lastMs = -Infinity
  let more = 0
  return (call) => {
    const nowMs = clock.monotonic()
    if (nowMs - lastMs < everyMs) return void more++
    log.warn('a call without a valid token', { ...call, more })
    lastMs = nowMs
    more = 0
  }
}
