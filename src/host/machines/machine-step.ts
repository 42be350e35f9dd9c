import { fault } from '../../model/fault/fault.ts'
import { withEvent } from '../../model/machine/machine-events.ts'
import { transition, type Effect, type LifecycleEvent } from '../../model/machine/machine-lifecycle.ts'
import type { MachineEvent } from '../../model/machine/machine-record.ts'
import { servicePorts } from '../../model/service/service.ts'
import { lifecycleOf, type MachineRow } from './machine-row.ts'

export interface StepOptions {
  /** The command's word for the fault machine_state. */
  readonly action: string
  readonly type: MachineEvent['type']
  readonly source: MachineEvent['source']
  readonly nowMs: number
  /** A new ulid: for events and runs. */
  readonly newId: () => string
  readonly request?: MachineEvent['request']
}
export interface Step {
  readonly row: MachineRow
  readonly effects: readonly Effect[]
}

/** The row after an event of the lifecycle, with the event noted, or the same row when nothing changed. Fault machine_state. */
export function stepMachine(row: MachineRow, event: LifecycleEvent, options: StepOptions): Step {
  const result = transition(lifecycleOf(row), event)
  if (result.kind === 'rejected') {
    throw fault('machine_state', { id: row.desired.id, state: row.state, action: options.action, allowed: result.allowed })
  }
  const changed: MachineRow = {
    ...row,
    state: result.next,
    startsAfter: result.startsAfter,
    draining: row.draining && result.next === 'started',
    ...(result.effects.includes('spawn')
      ? { run: { runId: options.newId(), orderedAtMs: options.nowMs }, checks: [], isOpen: servicePorts(row.desired.config).length === 0 }
      : {}),
    ...(result.next === 'destroyed' ? { destroyedAtMs: options.nowMs } : {}),
  }
  const isSame = result.next === row.state && result.startsAfter === row.startsAfter && result.effects.length === 0
  if (isSame && options.request === undefined) return { row, effects: [] }
  return { row: noted(changed, options), effects: result.effects }
}

/** The row with a new event and sequence number; `status` of an event is the state that it led to. */
export function noted(row: MachineRow, options: Omit<StepOptions, 'action'>): MachineRow {
  const event: MachineEvent = {
    id: options.newId(),
    type: options.type,
    status: row.state,
    source: options.source,
    timestamp: options.nowMs,
    ...(options.request === undefined ? {} : { request: options.request }),
  }
  return touched({ ...row, events: withEvent(row.events, event) }, options.nowMs)
}

export const touched = (row: MachineRow, nowMs: number): MachineRow => ({ ...sequenced(row, nowMs), updatedAt: new Date(nowMs).toISOString() })

/**
 * Sequence numbers follow the clock, so that they grow even when a crash took the last, unsynced ones: an edge must never take an old
 * state for the newer one.
 */
export const sequenced = (row: MachineRow, nowMs: number): MachineRow => ({ ...row, seq: Math.max(row.seq + 1, nowMs) })

export function withoutRun(row: MachineRow): MachineRow {
  const { run: _run, stop: _stop, ...rest } = row
  return rest
}
