import type { CheckState } from '../../model/machine/machine-record.ts'
import type { Check } from '../../model/service/service.ts'

export const eagerPauseMs = 100
/** A program that has not come up by then is asked at its check's own pace. */
const eagerForMs = 30_000

export interface CheckResult {
  readonly ok: boolean
  readonly output: string
}
export interface CheckLife {
  readonly status: CheckState
  readonly output: string
  /** A success was seen in this run. */
  readonly hasPassed: boolean
}
export const unchecked: CheckLife = { status: 'warning', output: 'no result yet', hasPassed: false }

/**
 * What a result makes of a check (platform-semantics §6): one failure is critical, one success passing; before the first success a failure counts only
 * when the grace period is over. `pauseMs` is the time to the next attempt: short until the first success, then the check's interval.
 */
export function stepCheck(
  life: CheckLife,
  check: Pick<Check, 'intervalMs' | 'graceMs'>,
  result: CheckResult,
  sinceStartMs: number,
): { readonly life: CheckLife; readonly pauseMs: number } {
  if (result.ok) return { life: { status: 'passing', output: result.output, hasPassed: true }, pauseMs: check.intervalMs }
  const isInGrace = !life.hasPassed && sinceStartMs < check.graceMs
  const isEager = !life.hasPassed && sinceStartMs < Math.max(eagerForMs, check.graceMs)
  return {
    life: { status: isInGrace ? 'warning' : 'critical', output: result.output, hasPassed: life.hasPassed },
    pauseMs: isEager ? Math.min(eagerPauseMs, check.intervalMs) : check.intervalMs,
  }
}
