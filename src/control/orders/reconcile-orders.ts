import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import { isFault } from '../../model/fault/fault.ts'
import type { HostId } from '../../model/ids.ts'
import type { DesiredMachine, MachineReport, ObservedMachine } from '../../model/machine/machine-record.ts'
import type { HostPort } from '../../protocol/host-port.ts'
import type { Operation, Store } from '../../store/contract.ts'
import { keys, prefixes } from '../../store/keys.ts'
import type { Mirror } from '../../store/mirror.ts'
import type { Records } from '../state/records.ts'
import { isRefusal, type MachineOrders } from './machine-orders.ts'

const everyMs = 2_000
/** Orders younger than this are somebody's who still waits for them. */
const abandonedMs = 15_000
const atOnce = 8
const source = 'flyd'

export interface ReconcileDeps {
  readonly store: Store
  readonly mirror: Mirror
  readonly records: Records
  readonly orders: MachineOrders
  readonly hosts: (id: HostId) => HostPort | undefined
  readonly clock: Clock
  readonly log: Log
}

/**
 * Finishes what was ordered and not confirmed: after a crash of control, when a host comes back, after a restore. Takes rows away whose machine ended by
 * itself, and learns from a host that was heard for the first time what it knows better. Every order is idempotent, so sending it twice is fine.
 */
export function reconcileOrders(deps: ReconcileDeps): AsyncDisposable {
  const { store, records, orders, clock, log } = deps
  const stopping = new AbortController()
  const known = new Set<HostId>()
  const openedAt = clock.now()

  const write = (row: DesiredMachine, modRevision: number, then: Operation) =>
    store.transact({ compare: [{ key: keys.machine(row.app, row.id), target: 'modRevision', is: '=', to: modRevision }], then: [then] })
  const put = (row: DesiredMachine): Operation => ({ op: 'put', key: keys.machine(row.app, row.id), value: JSON.stringify(row) })
  const remove = (row: DesiredMachine): Operation => ({ op: 'delete', key: keys.machine(row.app, row.id) })

  const isAbandoned = (row: DesiredMachine) => Date.parse(row.updatedAt) < openedAt || clock.now() - Date.parse(row.updatedAt) > abandonedMs

  async function finish(machine: DesiredMachine): Promise<void> {
    return orders.queue.run(machine.id, async () => {
      const row = records.getVersioned<DesiredMachine>(keys.machine(machine.app, machine.id))
      const host = row && deps.hosts(row.value.host)
      if (row === undefined || host === undefined) return
      const then = await finished(row.value, host)
      if (then !== undefined) await write(row.value, row.modRevision, then)
    })
  }
  async function finished(row: DesiredMachine, host: HostPort): Promise<Operation | undefined> {
    switch (row.order) {
      case 'accepted':
        return isDestroyed(row) ? remove(row) : undefined
      case 'destroying':
        try {
          await host.destroyMachine(row.id, { force: true, source })
        } catch (error) {
          if (!isFault(error, 'machine_not_found')) throw error
        }
        return remove(row)
      case 'pending':
        return sendAgain(row, host)
    }
  }
  async function sendAgain(row: DesiredMachine, host: HostPort): Promise<Operation> {
    const { launch, ...rest } = row
    const accepted = put({ ...rest, order: 'accepted' })
    try {
      if (launch !== undefined) await host.createMachine({ desired: row, org: row.org, ...launch })
      else await host.updateMachine({ desired: row, org: row.org, start: true }, { source })
      return accepted
    } catch (error) {
      if (!isRefusal(error)) throw error
      log.warn('an order left over was refused', { app: row.app, machine: row.id, error })
      if (launch !== undefined || isFault(error, 'machine_not_found')) return remove(row)
      return put(asHostHas(rest, await host.getMachine(row.id)))
    }
  }
  const isDestroyed = (row: DesiredMachine) => records.get<ObservedMachine>(keys.observed(row.app, row.id))?.state === 'destroyed'

  /** A change that the host took and of which the row never heard, such as metadata. */
  async function learnFrom(host: HostPort): Promise<void> {
    for (const report of await host.listMachines()) {
      const row = records.getVersioned<DesiredMachine>(keys.machine(report.observed.app, report.observed.id))
      if (row?.value.order !== 'accepted' || row.value.instanceId !== report.observed.instanceId) continue
      if (JSON.stringify(row.value.config) === JSON.stringify(report.config)) continue
      log.info('a machine’s config is taken over from its host', { app: row.value.app, machine: row.value.id })
      await write(row.value, row.modRevision, put(asHostHas(row.value, report)))
    }
  }

  async function pass(): Promise<void> {
    for (const { id } of records.list<{ readonly id: HostId }>(prefixes.hosts)) {
      const host = deps.hosts(id)
      if (host === undefined) known.delete(id)
      else if (!known.has(id)) {
        await learnFrom(host)
        known.add(id)
      }
    }
    const open = records
      .list<DesiredMachine>(prefixes.machines)
      .filter((row) => (row.order === 'accepted' ? isDestroyed(row) : isAbandoned(row)))
      .filter((row) => deps.hosts(row.host) !== undefined)
    for (let at = 0; at < open.length && !stopping.signal.aborted; at += atOnce) {
      const results = await Promise.allSettled(open.slice(at, at + atOnce).map((row) => finish(row)))
      for (const result of results) if (result.status === 'rejected') log.warn('an order waits still', { error: result.reason as unknown })
    }
  }
  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await pass()
      } catch (error) {
        log.warn('orders cannot be reconciled now', { error })
      }
      await clock.sleep(everyMs, stopping.signal).catch(() => undefined)
    }
  }
  const looping = loop()
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort(new Error('control ends'))
      await looping
    },
  }
}

const asHostHas = (row: DesiredMachine, report: MachineReport): DesiredMachine => ({
  ...row,
  order: 'accepted',
  config: report.config,
  version: report.version,
  instanceId: report.observed.instanceId,
})
