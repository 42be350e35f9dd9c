import type { InstanceId } from '../ids.ts'
import type { MachineConfig } from '../machine/machine-config.ts'
import type { CheckStatus, MachineReport } from '../machine/machine-record.ts'
import { checksOf } from '../service/service.ts'

export type Verdict =
  | { readonly kind: 'waiting'; readonly for: string }
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly reason: string; readonly output?: string }

/** How long a machine without checks must stay up. flyctl's ten seconds are for a stranger's computer; a program that dies at its start dies sooner. */
export const smokeMs = 1_000

/**
 * The gates of a deploy for one machine (platform-semantics §5.2): started, still up, and every check of this version reported and passing. A program
 * that keeps ending is not waited for. Without `health` started is enough.
 */
export function judgeMachine(
  report: MachineReport,
  instanceId: InstanceId,
  config: MachineConfig,
  startedForMs: number,
  gates: { readonly smoke: boolean; readonly health: boolean } = { smoke: true, health: true },
): Verdict {
  const { state, checks } = report.observed
  if (report.observed.instanceId !== instanceId) return { kind: 'waiting', for: 'the new version' }
  const exit = report.events.find((event) => event.type === 'exit' || event.type === 'update' || event.type === 'launch')
  const exited = exit?.type === 'exit' ? exit.request?.exit_event : undefined
  if (exited !== undefined && !exited.requested_stop) {
    const hasGivenUp = ['stopped', 'failed', 'destroyed'].includes(state)
    const restarts = exit?.request?.restart_count ?? 0
    if (exited.exit_code !== 0 && (hasGivenUp || restarts > 1))
      return { kind: 'failed', reason: `the program ended with exit code ${exited.exit_code}` }
    if (hasGivenUp)
      return exited.exit_code === 0 && config.services?.length ? { kind: 'failed', reason: 'the program ended (exit code 0)' } : { kind: 'passed' }
  }
  if (state === 'failed' || state === 'launch_failed' || state === 'destroyed') return { kind: 'failed', reason: `the machine is ${state}` }
  if (state !== 'started') return { kind: 'waiting', for: `started (it is ${state})` }
  const names = checksOf(config).map((check) => check.name)
  if (!gates.health) return { kind: 'passed' }
  if (names.length === 0) return startedForMs >= smokeMs || !gates.smoke ? { kind: 'passed' } : { kind: 'waiting', for: 'a second of uptime' }
  const results = new Map(checks.map((check) => [check.name, check]))
  const open = names.filter((name) => results.get(name)?.status !== 'passing')
  return open.length === 0 ? { kind: 'passed' } : { kind: 'waiting', for: describeCheck(open[0]!, results.get(open[0]!)) }
}

/** What a person needs to see of a check that does not pass. */
export const describeCheck = (name: string, result: CheckStatus | undefined): string =>
  result === undefined ? `check ${name} (no result yet)` : `check ${name} (${result.status}: ${result.output.slice(0, 500)})`
