import type { LifecycleState } from '../../model/machine/machine-lifecycle.ts'
import type {
  CheckStatus,
  DesiredMachine,
  MachineEndpoint,
  MachineEvent,
  MachineLease,
  MachineReport,
  ObservedMachine,
} from '../../model/machine/machine-record.ts'
import { liveLease } from '../../model/machine/machine-lease.ts'
import type { MachineState } from '../../model/machine/machine-state.ts'
import type { StopConfig } from '../../model/machine/stop-config.ts'

/** `machine/<id>` in the host's own database: all there is to know of a machine (ADR 0009). */
export interface MachineRow {
  readonly schema: 1
  readonly desired: DesiredMachine
  readonly state: MachineState
  readonly startsAfter: boolean
  readonly seq: number
  readonly draining: boolean
  readonly cordoned: boolean
  /** False from the start of a run until its service ports accept. */
  readonly isOpen?: boolean
  readonly endpoint: MachineEndpoint
  /** Recorded before the runtime is asked: after a crash the keeper says whether it came to be. */
  readonly run?: RunRow
  /** How the run that is ending ends, for a host that has to ask again after a crash. */
  readonly stop?: StopConfig
  readonly restartsMs: readonly number[]
  readonly restartCount: number
  /** A run of this version has been started: a failure to start is no longer a failed launch. */
  readonly hasLaunched: boolean
  readonly lease?: MachineLease
  readonly checks: readonly CheckStatus[]
  readonly events: readonly MachineEvent[]
  readonly updatedAt: string
  readonly lastDueMs?: number
  readonly destroyedAtMs?: number
}
export interface RunRow {
  readonly runId: string
  readonly orderedAtMs: number
  readonly startedAtMs?: number
}

export const lifecycleOf = (row: MachineRow): LifecycleState => ({ state: row.state, hasRun: row.run !== undefined, startsAfter: row.startsAfter })

export const observedOf = (row: MachineRow): ObservedMachine => ({
  schema: 1,
  id: row.desired.id,
  org: row.desired.org,
  app: row.desired.app,
  region: row.desired.region,
  host: row.desired.host,
  instanceId: row.desired.instanceId,
  state: row.state,
  seq: row.seq,
  draining: row.draining,
  cordoned: row.cordoned,
  ...(row.isOpen === undefined ? {} : { isOpen: row.isOpen }),
  endpoint: row.endpoint,
  checks: row.checks,
  updatedAt: row.updatedAt,
})

export function reportOf(row: MachineRow, nowMs: number): MachineReport {
  const lease = liveLease(row.lease, nowMs)
  return {
    observed: observedOf(row),
    name: row.desired.name,
    version: row.desired.version,
    config: row.desired.config,
    createdAt: row.desired.createdAt,
    events: row.events,
    ...(lease === undefined ? {} : { lease }),
  }
}

/** A row of this or the version before. Throws on anything else: a host does not start on a database that it cannot read. */
export function parseMachineRow(key: string, text: string): MachineRow {
  const row = JSON.parse(text) as MachineRow
  if (row.schema !== 1) throw new Error(`${key}: schema ${String(row.schema)} is not one of this version`)
  return row
}
