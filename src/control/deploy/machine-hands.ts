import type { Clock } from '../../kit/clock.ts'
import type { App } from '../../model/app.ts'
import { fault, isFault } from '../../model/fault/fault.ts'
import type { AppName, InstanceId, MachineId, RegionCode } from '../../model/ids.ts'
import type { MachineConfig } from '../../model/machine/machine-config.ts'
import type { DesiredMachine } from '../../model/machine/machine-record.ts'
import { stopConfigOf } from '../../model/machine/stop-config.ts'
import { placeMachine } from '../../model/placement/place-machine.ts'
import type { HostPort } from '../../protocol/host-port.ts'
import { keys } from '../../store/keys.ts'
import type { MachineOrders } from '../orders/machine-orders.ts'
import type { PlatformView } from '../platform/platform-view.ts'
import type { Records } from '../state/records.ts'

export interface HandsDeps {
  readonly orders: MachineOrders
  readonly platform: PlatformView
  readonly records: Records
  readonly clock: Clock
  /** Called before and after everything that a deploy does to a machine and behind each write of its record: where a test cuts it off. */
  readonly reached?: ((point: string) => void) | undefined
}
/** What a deploy does to machines; every order can be given again. Faults are the hosts'. */
export interface MachineHands {
  row(app: AppName, machine: MachineId): DesiredMachine | undefined
  host(row: DesiredMachine): HostPort
  create(
    app: AppName,
    order: {
      readonly machine: MachineId
      readonly instanceId: InstanceId
      readonly region: RegionCode
      readonly config: MachineConfig
      readonly start: boolean
      readonly cordoned: boolean
    },
  ): Promise<void>
  /** Takes a machine out of the edges, waits for its requests and stops it. Resolves with what stood in the way, if anything did. */
  drain(row: DesiredMachine, signal: AbortSignal): Promise<string | undefined>
  update(row: DesiredMachine, next: { readonly instanceId: InstanceId; readonly config: MachineConfig; readonly start: boolean }): Promise<void>
  start(row: DesiredMachine): Promise<void>
  /** Resolves with the revision at which the store has it. */
  cordon(row: DesiredMachine, cordoned: boolean): Promise<number>
  destroy(row: DesiredMachine): Promise<void>
}
/** How long requests of an old machine may take before it is stopped all the same; longer where the app gives its program longer to end. */
const leastDrainMs = 10_000
const drainRetryMs = 100
const source = 'flyd'

export function openMachineHands({ orders, platform, records, clock, reached }: HandsDeps): MachineHands {
  async function at<Result>(point: string, act: () => Promise<Result>): Promise<Result> {
    reached?.(`before ${point}`)
    const result = await act()
    reached?.(`after ${point}`)
    return result
  }
  return {
    row: (app, machine) => records.get<DesiredMachine>(keys.machine(app, machine)),
    host: (row) => orders.host(row.host),
    create: (name, { machine, instanceId, region, config, start, cordoned }) =>
      at('create', async () => {
        const app = records.get<App>(keys.app(name))
        if (app === undefined) throw fault('app_not_found', { app: name })
        const host = placeMachine([region], platform.loads(name))
        await orders.create({ app, host: host.id, region, config, start, cordoned, id: machine, instanceId })
      }),
    drain: (row, signal) => at('drain', () => drain(row, signal)),
    update: (row, { config, instanceId, start }) =>
      at('update', async () => void (await orders.update(row, { config, start, guard: { source }, instanceId }))),
    start: (row) => at('start', async () => void (await orders.act(row.id, () => orders.host(row.host).startMachine(row.id, { source })))),
    cordon: (row, cordoned) =>
      at('cordon', async () => {
        const reply = await orders.act(row.id, () => orders.host(row.host).cordonMachine(row.id, { cordoned, source }))
        return reply.publishedRevision ?? 0
      }),
    destroy: (row) =>
      at('destroy', async () => {
        try {
          await orders.destroy(row, { force: true, source })
        } catch (error) {
          if (!isFault(error, 'machine_not_found')) throw error
        }
      }),
  }

  /** `cancelled` says that an edge has no session just now, as after a restart of the daemon: it comes back. */
  async function drain(row: DesiredMachine, signal: AbortSignal): Promise<string | undefined> {
    const timeoutMs = Math.max(leastDrainMs, stopConfigOf(row.config).timeoutMs)
    const deadline = clock.monotonic() + timeoutMs
    for (;;) {
      signal.throwIfAborted()
      let obstacle: string
      try {
        const leftMs = Math.max(1, deadline - clock.monotonic())
        const outcome = await orders.host(row.host).drainMachine(row.id, { mode: 'stop', timeoutMs: leftMs, reason: 'deploy' })
        if (outcome === 'stopped') return undefined
        if (outcome === 'busy') return `it still had requests after ${Math.round(timeoutMs / 1000)} s`
        obstacle = 'an edge cannot be asked'
      } catch (error) {
        if (!isFault(error)) throw error
        if (error.kind !== 'unavailable') return error.message
        obstacle = error.message
      }
      if (clock.monotonic() >= deadline) return obstacle
      await clock.sleep(drainRetryMs, signal)
    }
  }
}
