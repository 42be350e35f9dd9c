import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { RandomBytes } from '../../model/ids.ts'
import type { HostLogs } from '../logs/log-contract.ts'
import type { Runtime } from '../runtime/runtime-contract.ts'
import type { Journal } from './journal.ts'
import type { Machine } from './machine.ts'
import type { MachineSecrets } from './machine-secrets.ts'
import type { MachineRow } from './machine-row.ts'

/** What every machine of a host shares. */
export interface MachineContext {
  readonly runtime: Runtime
  readonly secrets: MachineSecrets
  readonly journal: Journal
  readonly logs: HostLogs
  readonly clock: Clock
  readonly random: RandomBytes
  readonly log: Log
  /** Resolves at once while the runtime's supervisor lives, else when it is back. */
  readonly runtimeReady: () => Promise<void>
  readonly onChange: (machine: Machine, before: MachineRow, after: MachineRow) => void
}
