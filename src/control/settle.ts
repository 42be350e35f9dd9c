import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import type { Mirror } from '../store/mirror.ts'

const patienceMs = 3_000

/**
 * Waits until the mirror shows a revision, so that whoever wrote it reads it. The write is done in any case: when the mirror is late (the store went
 * away), the caller gets its answer all the same.
 */
export function settler(deps: {
  readonly mirror: Mirror
  readonly clock: Clock
  readonly log: Log
}): (revision: number | undefined) => Promise<void> {
  return async (revision) => {
    if (revision === undefined || deps.mirror.revision >= revision) return
    const late = new AbortController()
    using _timer = deps.clock.timer(patienceMs, () => late.abort())
    try {
      await deps.mirror.waitFor(revision, late.signal)
    } catch (error) {
      deps.log.warn('the mirror is late', { revision, reached: deps.mirror.revision, error })
    }
  }
}
