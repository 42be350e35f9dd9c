import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { App } from '../../model/app.ts'
import { fault, isFault } from '../../model/fault/fault.ts'
import { newInstanceId, newMachineId, type InstanceId, type MachineId, type RandomBytes, type RegionCode } from '../../model/ids.ts'
import type { MachineConfig } from '../../model/machine/machine-config.ts'
import type { DesiredMachine, ObservedMachine } from '../../model/machine/machine-record.ts'
import type { HostPort } from '../../protocol/host-port.ts'
import type { Store } from '../../store/contract.ts'
import { keys } from '../../store/keys.ts'
import { watchGate } from '../deploy/machine-gate.ts'
import { openMachineHands } from '../deploy/machine-hands.ts'
import type { MachineOrders } from '../orders/machine-orders.ts'
import type { PlatformView } from '../platform/platform-view.ts'
import { placeInPool } from '../regions/region-pool.ts'
import type { Records } from '../state/records.ts'

export interface CarryOutScaleDeps {
  readonly store: Store
  /** Whether every edge routes by what the store held at a revision. */
  readonly haveRoutes: (revision: number) => boolean
  /** How long edges are waited for. */
  readonly edgePatienceMs: number
  readonly records: Records
  readonly orders: MachineOrders
  readonly platform: PlatformView
  readonly clock: Clock
  readonly random: RandomBytes
  readonly log: Log
}
export interface NewMachine {
  readonly region: RegionCode
  readonly config: MachineConfig
}
export interface ScaleWork {
  readonly app: App
  readonly create: readonly NewMachine[]
  readonly leaving: readonly DesiredMachine[]
  /** Aborted when the app's lease is lost: nothing more is begun. */
  readonly signal: AbortSignal
}
export interface PlacedMachine {
  readonly id: MachineId
  readonly region: RegionCode
}
const atOnce = 5
const pollMs = 40
const gateMs = 120_000
const gates = { smoke: true, health: true } as const
const source = 'flyd'

/**
 * Makes machines, then ends others. When both, the new ones have to answer first (the gates of a deploy). All or nothing: when one cannot be made or does
 * not answer, the new ones go again and no old one has ended. Faults no_host_in_region, host_unreachable, insufficient_capacity, scale_failed.
 */
export async function carryOutScale(deps: CarryOutScaleDeps, work: ScaleWork): Promise<{ created: PlacedMachine[]; destroyed: PlacedMachine[] }> {
  const hands = openMachineHands(deps)
  const made: MadeMachine[] = []
  try {
    await inChunks(work.create, async ({ region, config }) => {
      work.signal.throwIfAborted()
      const host = placeInPool(deps, work.app, region)
      const id = newMachineId(deps.random)
      const instanceId = newInstanceId(deps.clock.now(), deps.random)
      made.push({ id, region: host.region, instanceId, config })
      await deps.orders.create({ app: work.app, host: host.id, region: host.region, config, start: true, id, instanceId })
    })
    if (work.leaving.length > 0 && made.length > 0) {
      await Promise.all(made.map((machine) => pass(deps, work, machine)))
      await untilRouted(deps, work, made)
    }
  } catch (error) {
    await Promise.all(made.map((machine) => takeBack(deps, work.app, machine.id)))
    throw error
  }
  await inChunks(work.leaving, async (machine) => {
    work.signal.throwIfAborted()
    await hands.drain(machine, work.signal)
    await hands.destroy(machine)
  })
  return { created: made.map(({ id, region }) => ({ id, region })), destroyed: work.leaving.map(({ id, region }) => ({ id, region })) }
}

type MadeMachine = PlacedMachine & { readonly instanceId: InstanceId; readonly config: MachineConfig }

async function pass(deps: CarryOutScaleDeps, { app, signal }: ScaleWork, machine: MadeMachine): Promise<void> {
  const host = hostOf(deps, app, machine.id)
  const result = await watchGate({ clock: deps.clock, host, onWait: () => undefined }, machine, { timeoutMs: gateMs, signal, gates })
  if (result.kind === 'failed') throw fault('scale_failed', { app: app.name, reason: `${machine.id} in ${machine.region}: ${result.reason}` })
}

/** Hosts know of a machine first, edges last: the old ones end when every edge can send requests to the new ones, or is not heard for long. */
async function untilRouted(deps: CarryOutScaleDeps, { app, signal }: ScaleWork, made: readonly MadeMachine[]): Promise<void> {
  const deadline = deps.clock.monotonic() + deps.edgePatienceMs
  const until = async (isSo: () => boolean) => {
    while (!isSo() && deps.clock.monotonic() < deadline) await deps.clock.sleep(pollMs, signal)
  }
  const isPublished = ({ id }: MadeMachine) => {
    const seen = deps.records.get<ObservedMachine>(keys.observed(app.name, id))
    return seen?.state === 'started' && seen.isOpen !== false && seen.checks.every((check) => check.status !== 'critical')
  }
  await until(() => made.every(isPublished))
  const revision = await deps.store.revision()
  await until(() => deps.haveRoutes(revision))
}

function hostOf({ records, orders }: CarryOutScaleDeps, app: App, id: MachineId): HostPort {
  const row = records.get<DesiredMachine>(keys.machine(app.name, id))
  if (row === undefined) throw fault('scale_failed', { app: app.name, reason: `${id} was destroyed meanwhile` })
  return orders.host(row.host)
}

/** Best effort: what its host does not hear of is finished by `reconcileOrders`. */
async function takeBack({ records, orders, log }: CarryOutScaleDeps, app: App, id: MachineId): Promise<void> {
  const row = records.get<DesiredMachine>(keys.machine(app.name, id))
  if (row === undefined) return
  try {
    await orders.destroy(row, { force: true, source })
  } catch (error) {
    if (!isFault(error)) throw error
    log.warn('a machine of a scaling that failed is left over', { app: app.name, machine: id, error })
  }
}

/** All of a handful come to an end before the next begins; the first failure ends it. */
async function inChunks<Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += atOnce) {
    const results = await Promise.allSettled(items.slice(at, at + atOnce).map(act))
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }
}
