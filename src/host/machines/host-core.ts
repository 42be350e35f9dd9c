import { fault } from '../../model/fault/fault.ts'
import type { MachineId } from '../../model/ids.ts'
import type { AddressPool } from '../addresses/address-pool.ts'
import type { HostOptions } from '../host-role.ts'
import type { Publisher } from '../publish/publisher.ts'
import type { Machine } from './machine.ts'
import type { MachineContext } from './machine-context.ts'

/** The parts of an open host that its use cases work with. */
export interface HostCore {
  readonly options: HostOptions
  readonly context: MachineContext
  readonly machines: Map<MachineId, Machine>
  readonly pool: AddressPool
  readonly publisher: Publisher
  readonly openedAtMs: number
}

/** Fault machine_not_found. */
export function machineOf(core: HostCore, id: MachineId): Machine {
  const machine = core.machines.get(id)
  if (machine === undefined) throw fault('machine_not_found', { id })
  return machine
}
