import type { App } from '../../model/app.ts'
import { isFault } from '../../model/fault/fault.ts'
import type { HostRecord } from '../../model/host.ts'
import { edgeIdOf, type MachineId } from '../../model/ids.ts'
import type { DesiredMachine } from '../../model/machine/machine-record.ts'
import type { AppScaling, AutoscalePolicy } from '../../model/placement/app-scaling.ts'
import { keys, prefixes } from '../../store/keys.ts'
import type { Mirror } from '../../store/mirror.ts'
import { appLeaseKey } from '../deploy/app-lease.ts'
import { regionPool } from '../regions/region-pool.ts'
import type { LoadIntake } from '../routes/load-intake.ts'
import { carryOutScale } from '../scale/carry-out-scale.ts'
import { isAnchored, machinesOfGroup, managedMachines } from '../scale/group-machines.ts'
import { holdApp } from '../scale/hold-app.ts'
import { replicaConfig } from '../scale/replica-config.ts'
import type { ScaleDeps } from '../scale/scale-app.ts'
import type { OrgScope } from '../state/org-scope.ts'
import { decideAutoscale, type AutoscaleDecision, type AutoscaleMachine, type AutoscaleMemory, type AutoscaleOptions } from './decide-autoscale.ts'
import type { Leadership } from './leadership.ts'
import { demandOf, followReadiness, softLimitOf, isAutostopOff } from './observe-machines.ts'
import { openSmoothedValues, type SmoothedValues } from './smoothed-load.ts'

export interface AutoscaleDeps extends ScaleDeps {
  readonly mirror: Mirror
  readonly loads: LoadIntake
  /** Everything of the app's org. */
  readonly scopeOf: (app: App) => OrgScope
  readonly leadership: Leadership
}
export interface AutoscaleLoopOptions extends AutoscaleOptions {
  readonly everyMs: number
}
const longestLoadTauMs = 2_000
const longestDemandTauMs = 5_000
/** After a scaling that failed, and of whatever kind the failure was. */
const retryMs = 10_000
const drainMs = 10_000

interface GroupState {
  memory: AutoscaleMemory | undefined
  readonly demand: SmoothedValues<string>
  notBeforeMs: number
}

/**
 * Keeps autoscaled groups at what their load needs (docs/adr/0020). Only the control that leads the loop acts, and under the app's lease: what it took on
 * is then not changed by a deploy or a scaling, and a control that leads no longer cannot take it.
 */
export function openAutoscale(deps: AutoscaleDeps, options: AutoscaleLoopOptions): AsyncDisposable {
  const { mirror, loads, clock, log, records } = deps
  const stopping = new AbortController()
  const readiness = followReadiness(mirror, clock)
  // Load that is over has faded when a machine may be destroyed: it does not say then where machines are needed.
  const demandTauMs = Math.min(longestDemandTauMs, options.restMs / 20)
  const machineLoads = openSmoothedValues<MachineId>(Math.min(longestLoadTauMs, options.pressureMs))
  const groups = new Map<string, GroupState>()
  const acting = new Map<string, Promise<void>>()

  function pass(): void {
    const nowMs = clock.monotonic()
    const edges = loads.latest()
    const inFlight = new Map<MachineId, number>()
    for (const edge of edges) for (const [id, count] of edge.inFlight) inFlight.set(id, (inFlight.get(id) ?? 0) + count)
    machineLoads.sample(inFlight, nowMs)
    if (!mirror.isCurrent || deps.leadership.fence() === undefined) return groups.clear()
    const isAllHeard = loads.hears(mirror.listJson<HostRecord>(prefixes.hosts).map((host) => edgeIdOf(host.id)))
    const seen = new Set<string>()
    for (const scaling of records.list<AppScaling>(prefixes.scalings)) {
      const app = records.get<App>(keys.app(scaling.app))
      if (app === undefined || app.isClosing) continue
      for (const [group, policy] of Object.entries(scaling.autoscale ?? {})) {
        const key = `${app.name}/${group}`
        seen.add(key)
        const state = groups.get(key) ?? { memory: undefined, demand: openSmoothedValues<string>(demandTauMs), notBeforeMs: 0 }
        groups.set(key, state)
        look(app, group, policy, state, { nowMs, isAllHeard })
      }
    }
    for (const key of groups.keys()) if (!seen.has(key)) groups.delete(key)
  }

  function look(app: App, group: string, policy: AutoscalePolicy, state: GroupState, now: { nowMs: number; isAllHeard: boolean }): void {
    const { nowMs, isAllHeard } = now
    const scope = deps.scopeOf(app)
    const all = managedMachines(scope, app)
    const machines = machinesOfGroup(scope, app, group)
    const regions = deps.platform.regions()
    const pool = regionPool(deps, app, all).filter((code) => regions.some((region) => region.code === code))
    const ids = new Set(machines.map(({ id }) => id))
    state.demand.sample(demandOf(loads.latest(), app.name, ids, pool, regions), nowMs)
    const key = `${app.name}/${group}`
    // A deploy or a scaling changes the machines: what is pressing is looked at anew afterwards.
    const isTaken = acting.has(key) || records.get(appLeaseKey(app.name)) !== undefined
    if (isTaken || pool.length === 0 || nowMs < state.notBeforeMs) {
      state.memory = state.memory && { ...state.memory, pressedSinceMs: undefined, calmSinceMs: undefined }
      return
    }
    const decision = decideAutoscale({
      nowMs,
      policy,
      regions: pool,
      primaryRegion: app.primaryRegion,
      machines: machines.map((machine): AutoscaleMachine => ({
        id: machine.id,
        region: machine.region,
        load: machineLoads.get(machine.id),
        softLimit: softLimitOf(machine.config),
        isAnchored: isAnchored(machine),
        ...readiness.of(machine),
      })),
      demand: new Map(pool.map((region) => [region, state.demand.get(region)])),
      isAutostopOff: machines.some((machine) => isAutostopOff(machine.config)),
      isAllHeard,
      memory: state.memory,
      options,
    })
    state.memory = decision.memory
    if (decision.create.length === 0 && decision.destroy === undefined && decision.stop === undefined) return
    const work = carryOut(app, group, policy, decision)
      .catch((error: unknown) => {
        state.notBeforeMs = clock.monotonic() + retryMs
        if (isFault(error)) log.warn('autoscale could not', { app: app.name, group, error })
        else log.error('autoscale failed', { app: app.name, group, error })
      })
      .finally(() => acting.delete(key))
    acting.set(key, work)
  }

  async function carryOut(app: App, group: string, policy: AutoscalePolicy, decision: AutoscaleDecision): Promise<void> {
    const fence = deps.leadership.fence()
    if (fence === undefined || stopping.signal.aborted) return
    await using hold = await holdApp(deps, app, 'autoscale', [fence])
    const scope = deps.scopeOf(app)
    const machines = machinesOfGroup(scope, app, group)
    const find = (id: MachineId | undefined) => machines.find((machine) => machine.id === id)
    const regions = decision.create.slice(0, Math.max(0, policy.max - machines.length))
    if (regions.length > 0) {
      const config = replicaConfig(scope, app, group, machines, undefined)
      const create = regions.map((region) => ({ region, config }))
      const { created } = await carryOutScale(deps, { app, create, leaving: [], signal: hold.signal })
      log.info('autoscale made machines', { app: app.name, group, machines: created.map(({ id, region }) => `${id} in ${region}`).join(', ') })
    }
    const victim = find(decision.destroy)
    if (victim !== undefined && machines.length > policy.min) await destroy(victim)
    const spare = find(decision.stop)
    if (spare !== undefined) await stop(spare)
  }

  /** Without force: a machine that a request has woken meanwhile stays. */
  async function destroy(machine: DesiredMachine): Promise<void> {
    try {
      await deps.orders.destroy(machine, { force: false, source: 'flyd' })
    } catch (error) {
      if (!isFault(error, 'machine_state') && !isFault(error, 'machine_not_found')) throw error
      return
    }
    log.info('autoscale destroyed a machine', { app: machine.app, machine: machine.id, region: machine.region })
  }
  /** As autostop does: a request that arrives meanwhile calls it off. */
  async function stop(machine: DesiredMachine): Promise<void> {
    const outcome = await deps.orders.host(machine.host).drainMachine(machine.id, { mode: 'stop', timeoutMs: drainMs, reason: 'idle' })
    log.info('autoscale stops a machine', { app: machine.app, machine: machine.id, region: machine.region, outcome })
  }

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        pass()
      } catch (error) {
        log.error('autoscale pass failed', { error })
      }
      await clock.sleep(options.everyMs, stopping.signal).catch(() => undefined)
    }
  }
  const looping = loop()
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort(new Error('control ends'))
      readiness[Symbol.dispose]()
      await looping
      await Promise.race([Promise.all(acting.values()), clock.sleep(2_000)])
    },
  }
}
