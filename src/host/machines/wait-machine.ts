import { fault } from '../../model/fault/fault.ts'
import { eventsAfter } from '../../model/machine/machine-events.ts'
import { isSettled, type MachineState } from '../../model/machine/machine-state.ts'
import type { WaitOptions } from '../../protocol/host-port.ts'
import type { Machine } from './machine.ts'
import type { MachineRow } from './machine-row.ts'

/** Whether a wait is over. A machine that was never started counts as stopped; with an event to start from, a state passed since then counts too. */
export function isReached(row: MachineRow, options: Pick<WaitOptions, 'states' | 'instanceId' | 'fromEventId'>): boolean {
  if (options.instanceId !== undefined && options.instanceId !== row.desired.instanceId) return false
  const matches = (state: MachineState) =>
    options.states.some((wanted) => (wanted === 'settled' ? isSettled(state) : wanted === state || (wanted === 'stopped' && state === 'created')))
  if (options.fromEventId === undefined) return matches(row.state)
  return eventsAfter(row.events, options.fromEventId).some((event) => matches(event.status as MachineState))
}

/** Resolves with the row that ended the wait. Faults wait_timeout; machine_not_found when a destroyed machine can no longer get there. */
export async function waitMachine(machine: Machine, options: WaitOptions): Promise<MachineRow> {
  const { clock } = machine.context
  const { promise, resolve, reject } = Promise.withResolvers<MachineRow>()
  const look = (row: MachineRow) => {
    if (isReached(row, options)) resolve(row)
    else if (row.state === 'destroyed') reject(fault('machine_not_found', { id: machine.id }))
  }
  const onAbort = () => reject(options.signal?.reason instanceof Error ? options.signal.reason : new Error('the wait was given up'))
  using _listener = machine.onChange((_before, after) => look(after))
  using _timer = clock.timer(options.timeoutMs, () =>
    reject(fault('wait_timeout', { id: machine.id, state: machine.row.state, wanted: options.states.join(' or '), afterMs: options.timeoutMs })),
  )
  options.signal?.addEventListener('abort', onAbort, { once: true })
  if (options.signal?.aborted) onAbort()
  look(machine.row)
  try {
    return await promise
  } finally {
    options.signal?.removeEventListener('abort', onAbort)
  }
}

/** Resolves when the machine is in none of the states any more, or after the time. */
export async function passed(machine: Machine, states: readonly MachineState[], timeoutMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = (row: MachineRow) => {
    if (!states.includes(row.state)) resolve()
  }
  using _listener = machine.onChange((_before, after) => look(after))
  using _timer = machine.context.clock.timer(timeoutMs, resolve)
  look(machine.row)
  await promise
}
