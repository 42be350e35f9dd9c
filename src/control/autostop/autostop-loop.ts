import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { App } from '../../model/app.ts'
import { isEnded, type DeployRecord } from '../../model/deploy/deploy-record.ts'
import { isFault } from '../../model/fault/fault.ts'
import type { HostRecord } from '../../model/host.ts'
import { edgeIdOf, type AppName, type HostId, type MachineId } from '../../model/ids.ts'
import type { DesiredMachine, ObservedMachine } from '../../model/machine/machine-record.ts'
import { servicesOf } from '../../model/service/service.ts'
import type { HostPort } from '../../protocol/host-port.ts'
import { keys, prefixes } from '../../store/keys.ts'
import type { Mirror } from '../../store/mirror.ts'
import type { LoadIntake } from '../routes/load-intake.ts'
import { autostopPolicy, decideAutostop, type AutostopMachine } from './decide-autostop.ts'

export interface AutostopDeps {
  readonly mirror: Mirror
  readonly loads: LoadIntake
  readonly hosts: (id: HostId) => HostPort | undefined
  readonly clock: Clock
  readonly log: Log
}
export interface AutostopOptions {
  readonly idleMs: number
  /** A machine just started stays at least this long. */
  readonly minUptimeMs: number
  readonly everyMs: number
}
const drainMs = 5_000

/**
 * Stops and suspends what nobody uses. It acts only while every edge is heard: a request that no report tells of may be at the one that is silent. The
 * host has the last word, since a request that arrives meanwhile calls the drain off.
 */
export function openAutostop(deps: AutostopDeps, options: AutostopOptions): AsyncDisposable {
  const { mirror, loads, clock, log } = deps
  const stopping = new AbortController()
  const startedAt = followStarts(mirror, clock)
  const spareUntil = new Map<MachineId, number>()
  const draining = new Map<MachineId, Promise<void>>()
  let excessSince: ReadonlyMap<string, number> = new Map()

  function pass(): void {
    const nowMs = clock.monotonic()
    for (const [id, until] of spareUntil) if (until <= nowMs) spareUntil.delete(id)
    const hosts = mirror.listJson<HostRecord>(prefixes.hosts)
    if (!mirror.isCurrent || !loads.hears(hosts.map((host) => edgeIdOf(host.id)))) {
      excessSince = new Map()
      return
    }
    const decision = decideAutostop({
      nowMs,
      idleMs: options.idleMs,
      minUptimeMs: options.minUptimeMs,
      machines: candidates(nowMs),
      primaryRegionOf: (app) => mirror.json<App>(keys.app(app))?.primaryRegion,
      excessSince,
    })
    excessSince = decision.excessSince
    for (const { id, mode } of decision.stop) {
      const row = startedAt.rows.get(id)
      const work = drain(id, row?.host, mode).finally(() => draining.delete(id))
      draining.set(id, work)
    }
  }

  function candidates(nowMs: number): readonly AutostopMachine[] {
    const deployed = new Set<AppName>()
    for (const deploy of mirror.listJson<DeployRecord>(prefixes.deploys)) if (!isEnded(deploy)) deployed.add(deploy.app)
    const found: AutostopMachine[] = []
    for (const [id, { app, region, since, isDraining }] of startedAt.rows) {
      // A deploy has its own reasons to keep machines up.
      const desired = deployed.has(app) ? undefined : mirror.json<DesiredMachine>(keys.machine(app, id))
      const services = desired && desired.order === 'accepted' ? servicesOf(desired.config) : []
      if (desired === undefined || services.length === 0) continue
      found.push({
        id,
        app,
        region,
        state: 'started',
        isDraining: isDraining || draining.has(id),
        policy: autostopPolicy(desired.config),
        softLimit: Math.min(...services.map((service) => service.concurrency.softLimit)),
        startedAtMs: since,
        ...loads.use(id),
        spareUntilMs: spareUntil.get(id) ?? nowMs,
      })
    }
    return found
  }

  async function drain(id: MachineId, host: HostId | undefined, mode: 'stop' | 'suspend'): Promise<void> {
    const port = host && deps.hosts(host)
    if (port === undefined) return
    let outcome: string
    try {
      outcome = await port.drainMachine(id, { mode, timeoutMs: drainMs, reason: 'idle' })
    } catch (error) {
      outcome = isFault(error) ? error.message : 'an error'
      if (!isFault(error)) log.error('autostop failed', { machine: id, error })
    }
    log.info('autostop', { machine: id, mode, outcome })
    if (outcome !== 'stopped') spareUntil.set(id, clock.monotonic() + options.idleMs)
  }

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        pass()
      } catch (error) {
        log.error('autostop pass failed', { error })
      }
      await clock.sleep(options.everyMs, stopping.signal).catch(() => undefined)
    }
  }
  const looping = loop()
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort(new Error('control ends'))
      startedAt[Symbol.dispose]()
      await looping
    },
  }
}

interface StartedRow {
  readonly app: AppName
  readonly region: ObservedMachine['region']
  readonly host: HostId
  readonly since: number
  readonly isDraining: boolean
}
/** The machines that are started, and since when; kept up, so that a pass costs nothing for ten thousand that are stopped. */
function followStarts(mirror: Mirror, clock: Clock): Disposable & { readonly rows: ReadonlyMap<MachineId, StartedRow> } {
  const rows = new Map<MachineId, StartedRow>()
  const look = (key: string) => {
    const id = key.slice(key.lastIndexOf('/') + 1) as MachineId
    const observed = mirror.json<ObservedMachine>(key)
    if (observed?.state !== 'started') {
      rows.delete(id)
      return
    }
    const { app, region, host, draining } = observed
    rows.set(id, { app, region, host, since: rows.get(id)?.since ?? clock.monotonic(), isDraining: draining })
  }
  const listening = mirror.onChange(prefixes.observed, (events) => {
    for (const event of events) look(event.key)
  })
  for (const entry of mirror.list(prefixes.observed)) look(entry.key)
  return { rows, [Symbol.dispose]: () => listening[Symbol.dispose]() }
}
