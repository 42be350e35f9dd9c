import type { Clock } from '../../kit/clock.ts'
import { keyedQueue, type KeyedQueue } from '../../kit/keyed-queue.ts'
import type { App } from '../../model/app.ts'
import { fault, isFault } from '../../model/fault/fault.ts'
import { newInstanceId, newMachineId, type HostId, type InstanceId, type MachineId, type RandomBytes, type RegionCode } from '../../model/ids.ts'
import type { MachineConfig } from '../../model/machine/machine-config.ts'
import type { DesiredMachine } from '../../model/machine/machine-record.ts'
import type { Guard, HostPort, MachineReply } from '../../protocol/host-port.ts'
import type { Store } from '../../store/contract.ts'
import { keys } from '../../store/keys.ts'
import type { Records } from '../state/records.ts'

export interface OrderDeps {
  readonly store: Store
  readonly records: Records
  readonly hosts: (id: HostId) => HostPort | undefined
  /** Resolves when the mirror has this revision (or after a while): callers read their own writes. */
  readonly settle: (revision: number | undefined) => Promise<void>
  readonly clock: Clock
  readonly random: RandomBytes
}
export interface CreateOrder {
  readonly app: App
  readonly host: HostId
  readonly region: RegionCode
  readonly config: MachineConfig
  readonly start: boolean
  readonly cordoned?: boolean
  readonly name?: string
  readonly leaseTtlMs?: number
  readonly leaseOwner?: string
  readonly minSecretsVersion?: number
  /** Chosen beforehand by a deploy, so that a repeated order is the same order. */
  readonly id?: MachineId
  readonly instanceId?: InstanceId
}
export interface UpdateOrder {
  readonly config: MachineConfig
  readonly start: boolean
  readonly currentVersion?: string
  readonly guard: Guard
  readonly instanceId?: InstanceId
  readonly minSecretsVersion?: number
}

/**
 * Orders to hosts. The wish is in the store before the host is asked and confirmed afterwards; what a crash leaves in between is finished by
 * `reconcileOrders`. A host may refuse: then the wish is taken back, and the refusal is the answer.
 */
export interface MachineOrders {
  readonly queue: KeyedQueue
  host(id: HostId): HostPort
  create(order: CreateOrder): Promise<MachineReply>
  update(machine: DesiredMachine, order: UpdateOrder): Promise<MachineReply>
  destroy(machine: DesiredMachine, options: Guard & { readonly force: boolean }): Promise<void>
  setMetadata(machine: DesiredMachine, change: Readonly<Record<string, string | null>>, guard: Guard): Promise<void>
  /** Any other order, after those that are on their way to the machine. */
  act<Reply extends { readonly publishedRevision?: number } | void>(machine: MachineId, order: () => Promise<Reply>): Promise<Reply>
}

/** The host answered and said no; anything else leaves open what it did. */
export const isRefusal = (error: unknown): boolean => isFault(error) && !['unavailable', 'timeout', 'internal'].includes(error.kind)

export function openMachineOrders(deps: OrderDeps): MachineOrders {
  const { store, records, clock } = deps
  const queue = keyedQueue()
  const nowIso = () => new Date(clock.now()).toISOString()

  function host(id: HostId): HostPort {
    const port = deps.hosts(id)
    if (port === undefined) throw fault('host_unreachable', { host: id, reason: 'not connected' })
    return port
  }

  /** Replaces the row if nobody else did since `modRevision`; false if somebody did. */
  async function replace(row: DesiredMachine, modRevision: number, durability: 'durable' | 'buffered') {
    const key = keys.machine(row.app, row.id)
    const compare = [{ key, target: 'modRevision', is: '=', to: modRevision } as const]
    return store.transact({ compare, then: [{ op: 'put', key, value: JSON.stringify(row) }] }, { durability })
  }
  async function remove(row: DesiredMachine, modRevision: number, durability: 'durable' | 'buffered') {
    const key = keys.machine(row.app, row.id)
    const compare = [{ key, target: 'modRevision', is: '=', to: modRevision } as const]
    return store.transact({ compare, then: [{ op: 'delete', key }] }, { durability })
  }
  /** A new row, unless the app is gone or going: the app's record may change meanwhile, but then it is looked at again. */
  async function insert(row: DesiredMachine) {
    const key = keys.machine(row.app, row.id)
    for (let attempt = 0; attempt < 5; attempt++) {
      const app = records.getVersioned<App>(keys.app(row.app))
      if (app === undefined || app.value.isClosing) break
      const written = await store.transact({
        compare: [
          { key: keys.app(row.app), target: 'modRevision', is: '=', to: app.modRevision },
          { key, target: 'version', is: '=', to: 0 },
        ],
        then: [{ op: 'put', key, value: JSON.stringify(row) }],
      })
      if (written.held) return written
      await deps.settle(written.revision)
    }
    throw fault('app_changed', { app: row.app })
  }
  const latest = (machine: DesiredMachine) => {
    const row = records.getVersioned<DesiredMachine>(keys.machine(machine.app, machine.id))
    if (row === undefined) throw fault('machine_not_found', { id: machine.id })
    return row
  }
  const changedMeanwhile = (machine: DesiredMachine) =>
    fault('machine_version', { id: machine.id, expected: machine.instanceId, found: 'a newer one' })

  async function create(order: CreateOrder): Promise<MachineReply> {
    const port = host(order.host)
    const { app } = order
    const id = order.id ?? newMachineId(deps.random)
    const pending: DesiredMachine = {
      schema: 1,
      id,
      org: app.org,
      app: app.name,
      name: order.name || machineName(id),
      region: order.region,
      host: order.host,
      instanceId: order.instanceId ?? newInstanceId(clock.now(), deps.random),
      version: 1,
      config: order.config,
      ...(order.minSecretsVersion === undefined ? {} : { minSecretsVersion: order.minSecretsVersion }),
      order: 'pending',
      launch: { start: order.start, cordoned: order.cordoned ?? false },
      createdAt: nowIso(),
      updatedAt: nowIso(),
    }
    const written = await insert(pending)
    let reply: MachineReply
    try {
      reply = await port.createMachine({
        desired: pending,
        org: app.org,
        start: order.start,
        ...(order.cordoned === undefined ? {} : { cordoned: order.cordoned }),
        ...(order.leaseTtlMs ? { leaseTtlMs: order.leaseTtlMs, leaseOwner: order.leaseOwner ?? 'unknown' } : {}),
      })
    } catch (error) {
      // Nobody was told of this machine: if the host may have it, it has to go again.
      const undone = isRefusal(error)
        ? await remove(pending, written.revision, 'durable')
        : await replace({ ...pending, order: 'destroying' }, written.revision, 'durable')
      await deps.settle(undone.revision)
      throw error
    }
    const { launch: _launch, ...row } = pending
    const accepted = await replace({ ...row, order: 'accepted' }, written.revision, 'buffered')
    await deps.settle(Math.max(accepted.revision, reply.publishedRevision ?? 0))
    return reply
  }

  async function update(machine: DesiredMachine, order: UpdateOrder): Promise<MachineReply> {
    return queue.run(machine.id, async () => {
      const before = latest(machine)
      const port = host(before.value.host)
      const instanceId = order.instanceId ?? newInstanceId(clock.now(), deps.random)
      const isRepeated = before.value.instanceId === instanceId
      const { minSecretsVersion: _former, ...kept } = before.value
      const pending: DesiredMachine = {
        ...kept,
        instanceId,
        version: isRepeated ? before.value.version : before.value.version + 1,
        config: order.config,
        ...(order.minSecretsVersion === undefined ? {} : { minSecretsVersion: order.minSecretsVersion }),
        order: 'pending',
        updatedAt: nowIso(),
      }
      const written = await replace(pending, before.modRevision, 'durable')
      if (!written.held) throw changedMeanwhile(machine)
      let reply: MachineReply
      try {
        reply = await port.updateMachine(
          { desired: pending, org: pending.org, start: order.start },
          { ...order.guard, ...(order.currentVersion === undefined ? {} : { currentVersion: order.currentVersion }) },
        )
      } catch (error) {
        if (isRefusal(error)) await deps.settle((await replace(before.value, written.revision, 'durable')).revision)
        throw error
      }
      const accepted = await replace({ ...pending, order: 'accepted' }, written.revision, 'buffered')
      await deps.settle(Math.max(accepted.revision, reply.publishedRevision ?? 0))
      return reply
    })
  }

  async function destroy(machine: DesiredMachine, options: Guard & { readonly force: boolean }): Promise<void> {
    return queue.run(machine.id, async () => {
      const before = latest(machine)
      const written = await replace({ ...before.value, order: 'destroying', updatedAt: nowIso() }, before.modRevision, 'durable')
      if (!written.held) throw changedMeanwhile(machine)
      let publishedRevision = 0
      try {
        publishedRevision = (await host(machine.host).destroyMachine(machine.id, options)).publishedRevision ?? 0
      } catch (error) {
        if (isRefusal(error) && !isFault(error, 'machine_not_found')) {
          await deps.settle((await replace(before.value, written.revision, 'durable')).revision)
          throw error
        }
        // Without force the order to an absent host is taken back: nobody would know when it happens.
        if (!isFault(error, 'machine_not_found')) {
          if (!options.force) await deps.settle((await replace(before.value, written.revision, 'durable')).revision)
          throw error
        }
      }
      const gone = await remove(before.value, written.revision, 'buffered')
      await deps.settle(Math.max(gone.revision, publishedRevision))
    })
  }

  async function setMetadata(machine: DesiredMachine, change: Readonly<Record<string, string | null>>, guard: Guard): Promise<void> {
    return queue.run(machine.id, async () => {
      const before = latest(machine)
      const reply = await host(machine.host).setMetadata(machine.id, change, guard)
      const row = { ...before.value, config: reply.report.config, updatedAt: nowIso() }
      const written = await replace(row, before.modRevision, 'durable')
      if (!written.held) throw changedMeanwhile(machine)
      await deps.settle(Math.max(written.revision, reply.publishedRevision ?? 0))
    })
  }

  return {
    queue,
    host,
    create,
    update,
    destroy,
    setMetadata,
    act: (machine, order) =>
      queue.run(machine, async () => {
        const reply = await order()
        if (reply !== undefined) await deps.settle(reply.publishedRevision)
        return reply
      }),
  }
}

/** Two words of the id, as Fly.io's names are two words and a number: readable, and the same on every computer. */
const adjectives =
  'ancient autumn bold brave calm crimson dawn delicate dry empty falling fragrant frosty hidden icy late little misty morning quiet'.split(' ')
const nouns = 'bird brook bush cloud dew dream field fire flower fog forest frost glade glitter grass haze hill lake leaf moon'.split(' ')
function machineName(id: MachineId): string {
  const number = Number.parseInt(id.slice(0, 8), 16)
  return `${adjectives[number % 20]}-${nouns[Math.floor(number / 20) % 20]}-${Number.parseInt(id.slice(8, 11), 16) % 10_000}`
}
