import type { ExitDecision, RestartPolicy } from '../../model/machine/restart-policy.ts'
import type { RunExit } from '../runtime/runtime-contract.ts'

/** The runner's line about the end of a run, in Fly.io's words where it has some. */
export function exitMessage(
  exit: RunExit,
  about: { readonly isHostLoss: boolean; readonly isRequested: boolean; readonly decision: ExitDecision; readonly policy: RestartPolicy },
): string {
  const how = about.isHostLoss
    ? 'Machine was lost with its host'
    : `Machine exited with exit code ${exit.exitCode}${exit.oomKilled ? ' (out of memory)' : ''}`
  if (about.isRequested) return how
  if (about.decision.verdict === 'restart') {
    const { attempt } = about.decision
    const limit = about.policy.policy === 'on-failure' ? `/${about.policy.maxRetries}` : ''
    return attempt === 0 ? `${how}, restarting` : `${how}, restarting (${attempt}${limit})`
  }
  if (about.policy.policy === 'no') return `${how}, not restarting (restart policy is "no")`
  if (exit.exitCode === 0 || about.isHostLoss) return `${how}, not restarting`
  return `${how}, not restarting: ${about.policy.maxRetries} restarts in five minutes were not enough`
}
