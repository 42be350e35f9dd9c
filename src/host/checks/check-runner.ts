import type { Clock } from '../../kit/clock.ts'
import type { MachineId } from '../../model/ids.ts'
import type { CheckStatus, MachineEndpoint } from '../../model/machine/machine-record.ts'
import { checksOf, type Check } from '../../model/service/service.ts'
import type { MachineRow } from '../machines/machine-row.ts'
import { stepCheck, unchecked, type CheckLife, type CheckResult } from './check-life.ts'

export type Probe = (check: Check, endpoint: MachineEndpoint, signal: AbortSignal) => Promise<CheckResult>

/** Checks the machines that are started; tells only what changed. */
export interface CheckRunner extends Disposable {
  /** Looks whether the machine is to be checked now: to be called after each change of its row. */
  follow(row: MachineRow): void
}
interface Round {
  readonly key: string
  readonly stop: AbortController
}

export function openCheckRunner(deps: {
  readonly clock: Clock
  readonly probe: Probe
  /** Spreads the checks of many machines: a number from 0 to 1. */
  readonly fraction: () => number
  readonly report: (id: MachineId, runId: string, statuses: readonly CheckStatus[]) => void
}): CheckRunner {
  const rounds = new Map<MachineId, Round>()

  function begin(row: MachineRow, runId: string, startedAtMs: number, signal: AbortSignal): void {
    const checks = checksOf(row.desired.config)
    const statuses = checks.map((check) => row.checks.find((status) => status.name === check.name) ?? statusOf(check, unchecked, startedAtMs))
    if (statuses.some((status) => !row.checks.includes(status)) || statuses.length !== row.checks.length)
      deps.report(row.desired.id, runId, [...statuses])
    for (const [index, check] of checks.entries()) {
      const known = statuses[index]
      // After a restart of the host the last results stand until new ones say otherwise.
      const hasPassed = known?.status === 'passing'
      const life: CheckLife = known === undefined ? unchecked : { status: known.status, output: known.output, hasPassed }
      void keepChecking(check, row.endpoint, life, startedAtMs, hasPassed ? check.intervalMs * deps.fraction() : 0, signal, (next) => {
        statuses[index] = statusOf(check, next, deps.clock.now())
        deps.report(row.desired.id, runId, [...statuses])
      })
    }
  }

  async function keepChecking(
    check: Check,
    endpoint: MachineEndpoint,
    first: CheckLife,
    startedAtMs: number,
    firstPauseMs: number,
    signal: AbortSignal,
    changed: (life: CheckLife) => void,
  ): Promise<void> {
    let life = first
    let pauseMs = firstPauseMs
    for (;;) {
      try {
        await deps.clock.sleep(pauseMs, signal)
      } catch {
        // Aborted: the machine is no longer started.
        return
      }
      const result = await deps.probe(check, endpoint, signal)
      if (signal.aborted) return
      const step = stepCheck(life, check, result, deps.clock.now() - startedAtMs)
      pauseMs = step.pauseMs
      if (step.life.status !== life.status) changed(step.life)
      life = step.life
    }
  }

  return {
    follow(row) {
      const { id } = row.desired
      const run = row.state === 'started' ? row.run : undefined
      const key = run === undefined ? '' : `${run.runId} ${row.desired.instanceId}`
      const current = rounds.get(id)
      if ((current?.key ?? '') === key) return
      current?.stop.abort(new Error('the machine is checked no longer'))
      rounds.delete(id)
      if (run === undefined) return
      const stop = new AbortController()
      rounds.set(id, { key, stop })
      begin(row, run.runId, run.startedAtMs ?? run.orderedAtMs, stop.signal)
    },
    [Symbol.dispose]() {
      for (const round of rounds.values()) round.stop.abort(new Error('the host closes'))
      rounds.clear()
    },
  }
}

const statusOf = (check: Check, life: CheckLife, nowMs: number): CheckStatus => ({
  name: check.name,
  status: life.status,
  output: life.output,
  updatedAt: new Date(nowMs).toISOString(),
  ...(check.servicePort === undefined ? {} : { servicePort: check.servicePort }),
})
