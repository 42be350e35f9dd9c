import { isDeepStrictEqual } from 'node:util'
import type { DesiredMachine, ObservedMachine } from '../../model/machine/machine-record.ts'
import type { MachineState } from '../../model/machine/machine-state.ts'
import type { MachineCreator } from '../machines/create-machine.ts'
import { updateMachine } from '../machines/update-machine.ts'
import type { HostCore } from '../machines/host-core.ts'

const livelyStates: readonly MachineState[] = ['starting', 'started', 'restarting', 'updating', 'suspending']

/**
 * Does what an order asks for and no call did, read when the host opened or the store came back: the machines of a restored backup are made again (started if they were last seen so), newer versions are
 * put in place, destructions are finished.
 */
export async function carryOutOrder(
  core: HostCore,
  create: MachineCreator,
  order: DesiredMachine,
  lastSeen: ObservedMachine | undefined,
): Promise<void> {
  const machine = core.machines.get(order.id)
  // Of a younger order the call is still to come, and it may be refused: only what was ordered of an earlier life of this host is overdue.
  const isOverdue = Date.parse(order.updatedAt) < core.openedAtMs
  switch (order.order) {
    case 'pending':
      return
    case 'destroying':
      if (machine === undefined || machine.row.state === 'destroyed' || !isOverdue) return
      await machine.command({ type: 'destroy', force: true }, { action: 'destroy', type: 'destroy', source: 'flyd' })
      return
    case 'accepted': {
      if (machine !== undefined) {
        if (isOverdue && order.version > machine.row.desired.version && !isDeepStrictEqual(order.config, machine.row.desired.config)) {
          await updateMachine(core, { desired: order, org: order.org, start: true }, { source: 'flyd', ...nonceOf(core, order) })
        }
        return
      }
      if (lastSeen?.state === 'destroyed' || lastSeen?.state === 'destroying') return
      const start = lastSeen !== undefined && livelyStates.includes(lastSeen.state)
      await create({ desired: order, org: order.org, start, cordoned: lastSeen?.cordoned ?? false }, { isRestored: true })
    }
  }
}

/** The order is control's own, accepted before: no lease stands in its way. */
const nonceOf = (core: HostCore, order: DesiredMachine) => {
  const nonce = core.machines.get(order.id)?.row.lease?.nonce
  return nonce === undefined ? {} : { nonce }
}
