import type { Clock } from '../../kit/clock.ts'
import { nextDueMs, parseSchedule, type Schedule } from '../../model/machine/machine-schedule.ts'
import type { Machine } from '../machines/machine.ts'
import type { MachineRow } from '../machines/machine-row.ts'

const lookEveryMs = 60_000
const sleepingStates = ['created', 'stopped', 'failed', 'suspended']

/** The time a machine is due at next, or undefined without a schedule; a time that the host slept through is due at once, once. */
export function dueMs(row: MachineRow): number | undefined {
  const schedule = scheduleOf(row)
  if (schedule === undefined || row.state === 'destroyed' || row.state === 'destroying') return undefined
  const anchorMs = Date.parse(row.desired.createdAt)
  return nextDueMs(schedule, anchorMs, row.lastDueMs ?? anchorMs)
}
const scheduleOf = ({ desired }: MachineRow): Schedule | undefined =>
  typeof desired.config.schedule === 'string' && desired.config.schedule !== '' ? parseSchedule(desired.config.schedule) : undefined

/** Starts scheduled machines when they are due; one that still runs is left alone until its next time. */
export function openScheduleRunner(deps: { readonly clock: Clock; readonly machines: () => Iterable<Machine> }): Disposable {
  let timer: Disposable | undefined
  const look = () => {
    const nowMs = deps.clock.now()
    let nextMs = lookEveryMs
    for (const machine of deps.machines()) {
      const due = dueMs(machine.row)
      if (due === undefined) continue
      if (due <= nowMs) startDue(machine, nowMs)
      else nextMs = Math.min(nextMs, due - nowMs)
    }
    timer = deps.clock.timer(nextMs, look)
  }
  look()
  return { [Symbol.dispose]: () => timer?.[Symbol.dispose]() }
}

function startDue(machine: Machine, nowMs: number): void {
  const { log } = machine.context
  const begin = async () => {
    await machine.adjust((row) => ({ ...row, lastDueMs: nowMs }))
    if (sleepingStates.includes(machine.row.state)) await machine.start({ action: 'start', type: 'start', source: 'schedule' })
  }
  begin().catch((error: unknown) => log.warn('scheduled machine not started', { machine: machine.id, error }))
}
