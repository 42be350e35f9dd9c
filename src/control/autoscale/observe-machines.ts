import type { Clock } from '../../kit/clock.ts'
import type { AppName, MachineId, RegionCode } from '../../model/ids.ts'
import type { MachineConfig } from '../../model/machine/machine-config.ts'
import type { DesiredMachine, ObservedMachine } from '../../model/machine/machine-record.ts'
import type { MachineState } from '../../model/machine/machine-state.ts'
import { distanceKm, type Region } from '../../model/region/region.ts'
import { servicesOf } from '../../model/service/service.ts'
import { keys, prefixes } from '../../store/keys.ts'
import type { Mirror } from '../../store/mirror.ts'
import type { EdgeLoad } from '../routes/load-intake.ts'
import type { AutoscaleMachine } from './decide-autoscale.ts'

/** The least of its services': the first that is full makes the machine full. */
export const softLimitOf = (config: MachineConfig): number =>
  Math.min(...servicesOf(config).map((service) => service.concurrency.softLimit), Infinity)
/** A machine is stopped by nobody when one of its services has autostop off (platform-semantics §2). */
export const isAutostopOff = (config: MachineConfig): boolean => servicesOf(config).some((service) => service.autostop === 'off')

/** Requests in flight and held by region of the pool: those of an edge elsewhere count for the region nearest to it. */
export function demandOf(
  edges: readonly EdgeLoad[],
  app: AppName,
  machines: ReadonlySet<MachineId>,
  pool: readonly RegionCode[],
  regions: readonly Region[],
): ReadonlyMap<RegionCode, number> {
  const demand = new Map<RegionCode, number>()
  for (const edge of edges) {
    let count = edge.held.get(app) ?? 0
    for (const [id, inFlight] of edge.inFlight) if (machines.has(id)) count += inFlight
    const region = nearest(edge.region, pool, regions)
    if (region !== undefined && count > 0) demand.set(region, (demand.get(region) ?? 0) + count)
  }
  return demand
}

function nearest(from: RegionCode, pool: readonly RegionCode[], regions: readonly Region[]): RegionCode | undefined {
  if (pool.includes(from)) return from
  const home = regions.find((region) => region.code === from)
  const inPool = regions.filter((region) => pool.includes(region.code))
  return home === undefined ? pool[0] : inPool.toSorted((a, b) => distanceKm(home, a) - distanceKm(home, b))[0]?.code
}

export type Readiness = Pick<AutoscaleMachine, 'readiness' | 'restingSinceMs'>
const restStates: ReadonlySet<MachineState> = new Set(['created', 'stopped', 'suspended', 'failed', 'launch_failed'])
/** So long a started machine may fail its checks before it counts as one that does not help. */
const sickMs = 30_000

/** How a machine stands, from what its host published. */
export function readinessOf(observed: ObservedMachine | undefined, config: MachineConfig, sinceMs: number, nowMs: number): Readiness {
  // Ordered just now.
  if (observed === undefined) return { readiness: 'reserve' }
  const { state } = observed
  if (restStates.has(state)) {
    const canWake = state !== 'failed' && state !== 'launch_failed' && !observed.cordoned && servicesOf(config).some((service) => service.autostart)
    return { readiness: canWake ? 'reserve' : 'none', restingSinceMs: sinceMs }
  }
  if (state === 'destroying' || state === 'destroyed' || observed.cordoned) return { readiness: 'none' }
  if (state !== 'started' || observed.draining || observed.isOpen === false) return { readiness: 'reserve' }
  const isSick = observed.checks.some((check) => check.servicePort !== undefined && check.status === 'critical')
  if (isSick) return { readiness: nowMs - sinceMs < sickMs ? 'reserve' : 'none' }
  return { readiness: 'serving' }
}

/** Since when each machine is in its state, as far as this control has seen; a control that starts anew counts from then, and so destroys later. */
export function followReadiness(mirror: Mirror, clock: Pick<Clock, 'monotonic'>): Disposable & { of(machine: DesiredMachine): Readiness } {
  const since = new Map<string, { readonly state: MachineState; readonly atMs: number }>()
  const look = (key: string) => {
    const state = mirror.json<ObservedMachine>(key)?.state
    if (state === undefined || state === 'destroyed') since.delete(key)
    else if (since.get(key)?.state !== state) since.set(key, { state, atMs: clock.monotonic() })
  }
  const listening = mirror.onChange(prefixes.observed, (events) => {
    for (const event of events) look(event.key)
  })
  for (const entry of mirror.list(prefixes.observed)) look(entry.key)
  return {
    of(machine) {
      const key = keys.observed(machine.app, machine.id)
      const nowMs = clock.monotonic()
      return readinessOf(mirror.json<ObservedMachine>(key), machine.config, since.get(key)?.atMs ?? nowMs, nowMs)
    },
    [Symbol.dispose]: () => listening[Symbol.dispose](),
  }
}
