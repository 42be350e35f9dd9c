import { fault, isFault } from '../../model/fault/fault.ts'
import type { InstanceId, MachineId, RegionCode } from '../../model/ids.ts'
import type { MachineConfig } from '../../model/machine/machine-config.ts'
import type { DesiredMachine, MachineReport } from '../../model/machine/machine-record.ts'
import type { DeployWork } from './deploy-work.ts'
import { refusalFails, StepFailed } from './step-failed.ts'

const pollMs = 150
const linesAtOnce = 200

export interface OnceOrder {
  /** As events name it: `release command`. */
  readonly what: string
  readonly machine: MachineId
  readonly instanceId: InstanceId
  readonly region: RegionCode
  readonly config: MachineConfig
  /** 0: without limit. */
  readonly timeoutMs: number
}

/**
 * Runs a machine of its own to its end, its output as events; throws StepFailed unless it ends with 0. The machine stays, for whoever asks again after a
 * crash: a release command must not run twice. A machine that runs already is watched further.
 */
export async function runOnce(work: DeployWork, order: OnceOrder, signal: AbortSignal): Promise<void> {
  const { journal, hands, clock } = work
  const { app } = journal.record
  if (hands.row(app, order.machine) === undefined) {
    journal.note('step', `running the ${order.what} in ${order.region}`, order.machine)
    await refusalFails(order, () => hands.create(app, { ...order, start: true, cordoned: true }))
  }
  // After a crash the lines that were told already come first.
  let told = journal.record.events.filter((event) => event.kind === 'log' && event.machine === order.machine).length
  let lastLine = ''
  const tellLines = async (row: DesiredMachine) => {
    for (const line of await hands.host(row).readLogs({ app, machine: row.id, after: lastLine, limit: linesAtOnce })) {
      lastLine = line.id
      if (line.provider === 'app' && told-- <= 0) journal.note('log', line.message, row.id)
    }
  }
  for (;;) {
    signal.throwIfAborted()
    const row = hands.row(app, order.machine)
    if (row === undefined) throw new StepFailed(`the machine of the ${order.what} was destroyed meanwhile`)
    try {
      const report = await hands.host(row).getMachine(row.id)
      const result = resultOf(report)
      await tellLines(row)
      if (result === 0) return
      if (result !== undefined) throw new StepFailed(`the ${order.what} ${typeof result === 'number' ? `ended with exit code ${result}` : result}`)
    } catch (error) {
      if (!isFault(error) || (error.kind !== 'unavailable' && error.code !== 'machine_not_found')) throw error
    }
    if (order.timeoutMs > 0 && clock.now() - Date.parse(row.createdAt) >= order.timeoutMs)
      throw new StepFailed(`the ${order.what} still runs after ${Math.round(order.timeoutMs / 1000)} s`)
    await clock.sleep(pollMs, signal)
  }
}

/** The exit code, or how it went wrong otherwise; undefined while it runs. */
function resultOf({ observed: { state }, events }: MachineReport): number | string | undefined {
  if (state === 'launch_failed' || state === 'failed') return `cannot be started (the machine is ${state})`
  if (state !== 'stopped' && state !== 'destroyed') return undefined
  const exit = events.find((event) => event.type === 'exit')?.request?.exit_event
  if (exit === undefined) return state === 'destroyed' ? 'was destroyed' : undefined
  return exit.oom_killed ? 'ran out of memory' : exit.exit_code
}

/** A config without a plan is a bug of the planner. */
export function planned<Value>(value: Value | undefined, app: string, group: string, have: readonly string[]): Value {
  if (value === undefined) throw fault('unknown_group', { app, group, have })
  return value
}
