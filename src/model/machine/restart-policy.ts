import type { ExitVerdict } from './machine-lifecycle.ts'
import type { MachineConfig } from './machine-config.ts'

export interface RestartPolicy {
  readonly policy: 'no' | 'on-failure' | 'always'
  /** Restarts within `restartWindowMs` that on-failure allows. */
  readonly maxRetries: number
}
export const restartWindowMs = 5 * 60_000
const maxDelayMs = 30_000

/** Fly.io's defaults: on-failure with 10 retries in five minutes (platform-semantics §3.3); the CLI's spellings are accepted. */
export function restartPolicyOf(config: MachineConfig): RestartPolicy {
  const given = config.restart?.policy
  const policy = given === 'no' || given === 'never' ? 'no' : given === 'always' ? 'always' : 'on-failure'
  return { policy, maxRetries: config.restart?.max_retries ?? 10 }
}

export interface ExitFacts {
  readonly exitCode: number
  readonly isOomKilled: boolean
  /** A command asked for this exit. */
  readonly isRequested: boolean
  /** The host broke down around the machine: the exit says nothing of the program, and what ran is brought back. */
  readonly isHostLoss: boolean
}
export interface ExitDecision {
  readonly verdict: ExitVerdict
  readonly delayMs: number
  /** The number of this restart within the window, from 1; 0 when there is none. */
  readonly attempt: number
}

/** What the policy says to the end of a run; `recentRestartsMs` are the times of earlier restarts, old ones included. */
export function decideExit(
  { policy, maxRetries }: RestartPolicy,
  exit: ExitFacts,
  machine: { readonly autoDestroy: boolean; readonly recentRestartsMs: readonly number[] },
  nowMs: number,
): ExitDecision {
  const end: ExitDecision = { verdict: machine.autoDestroy ? 'destroy' : 'stop', delayMs: 0, attempt: 0 }
  if (exit.isRequested || policy === 'no') return end
  if (exit.isHostLoss) return machine.autoDestroy ? end : { verdict: 'restart', delayMs: 0, attempt: 0 }
  if (policy === 'on-failure' && exit.exitCode === 0 && !exit.isOomKilled) return end
  const attempt = recentRestarts(machine.recentRestartsMs, nowMs).length + 1
  if (policy === 'on-failure' && attempt > maxRetries) return end
  return { verdict: 'restart', delayMs: Math.min(maxDelayMs, 100 * 2 ** (attempt - 1)), attempt }
}

/** Those of the restarts that still count. */
export const recentRestarts = (timesMs: readonly number[], nowMs: number): readonly number[] =>
  timesMs.filter((time) => time > nowMs - restartWindowMs && time <= nowMs)
