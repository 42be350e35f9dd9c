import type { App } from '../../model/app.ts'
import { fault } from '../../model/fault/fault.ts'
import { groupOf } from '../../model/deploy/plan-deploy.ts'
import type { RegionCode } from '../../model/ids.ts'
import type { MachineConfig } from '../../model/machine/machine-config.ts'
import type { DesiredMachine } from '../../model/machine/machine-record.ts'
import { mostMachines } from '../../model/placement/app-scaling.ts'
import { planScale, type ScalePlan } from '../../model/placement/plan-scale.ts'
import { planSpread } from '../../model/placement/plan-spread.ts'
import type { ScaleReply, ScaleRequest } from '../../protocol/kante-api.ts'
import type { Caller } from '../api/route.ts'
import { regionPool, regionsNamed, requireInPool, scalingOf } from '../regions/region-pool.ts'
import type { OrgScope } from '../state/org-scope.ts'
import { carryOutScale, type CarryOutScaleDeps, type NewMachine, type PlacedMachine } from './carry-out-scale.ts'
import { isAnchored, machinesOfGroup, managedMachines } from './group-machines.ts'
import { holdApp, type AppHold, type HoldDeps } from './hold-app.ts'
import { replicaConfig } from './replica-config.ts'

export type ScaleDeps = HoldDeps & CarryOutScaleDeps

/**
 * `scale count`: over the region pool when one is set, evenly (docs/adr/0019); else by flyctl's rule (platform-semantics §4.1). New machines are made
 * before old ones end. Faults never_deployed, unknown_group, autoscaled, region_not_in_pool, deploy_running, and those of carryOutScale.
 */
export async function scaleApp(deps: ScaleDeps, scope: OrgScope, app: App, request: ScaleRequest, caller: Caller): Promise<ScaleReply> {
  if (!scope.releases(app).some((release) => release.status === 'complete')) throw fault('never_deployed', { app: app.name })
  refuseAutoscaled(deps, app, request.group)
  await using hold = await holdApp(deps, app, `scale by ${caller.tokenId}`)
  return await scaleGroup(deps, scope, app, request, hold)
}

export function refuseAutoscaled({ records }: Pick<ScaleDeps, 'records'>, app: App, group: string): void {
  const policies = scalingOf(records, app)?.autoscale ?? {}
  const policy = Object.hasOwn(policies, group) ? policies[group] : undefined
  if (policy !== undefined) throw fault('autoscaled', { app: app.name, group, min: policy.min, max: policy.max })
}

/** The same for one who holds the app already. */
export async function scaleGroup(deps: ScaleDeps, scope: OrgScope, app: App, request: ScaleRequest, hold: AppHold): Promise<ScaleReply> {
  const machines = machinesOfGroup(scope, app, request.group)
  const plan = planOf(deps, scope, app, machines, request)
  const create = newMachines(plan, () => replicaConfig(scope, app, request.group, machines, request.vm))
  const leaving = machines.filter((machine) => plan.destroy.includes(machine.id))
  const done = await carryOutScale(deps, { app, create, leaving, signal: hold.signal })
  return { ...done, counts: plan.counts }
}

function planOf(deps: ScaleDeps, scope: OrgScope, app: App, machines: readonly DesiredMachine[], request: ScaleRequest): ScalePlan {
  const named = request.regions === undefined || request.regions.length === 0 ? undefined : regionsNamed(deps.platform, request.regions)
  const pool = scalingOf(deps.records, app)?.regions
  if (named !== undefined) requireInPool(app, pool, named)
  const limit = request.maxPerRegion === undefined ? {} : { maxPerRegion: request.maxPerRegion }
  if (pool !== undefined && named === undefined) {
    return planSpread({ machines: machines.map(spreadable), count: countOf(request, machines.length), regions: pool, ...limit })
  }
  const regions = named ?? regionPool(deps, app, managedMachines(scope, app))
  const present = machines.filter((machine) => regions.includes(machine.region)).length
  return planScale({ machines, count: countOf(request, present), regions, ...limit })
}

function countOf({ count, change }: ScaleRequest, present: number): number {
  if ((count === undefined) === (change === undefined)) throw fault('invalid_body', { problems: ['one of count and change is needed'] })
  const wanted = count ?? present + change!
  if (wanted < 0 || wanted > mostMachines) throw fault('invalid_value', { field: 'count', found: wanted, rule: `0–${mostMachines}` })
  return wanted
}

const newMachines = (plan: ScalePlan, configOf: () => MachineConfig): readonly NewMachine[] => {
  if (plan.create.length === 0) return []
  const config = configOf()
  return plan.create.map((region) => ({ region, config }))
}

/** Every process group's machines over other regions, their number unchanged. Nothing ends unless all that is new answers. */
export async function respread(
  deps: ScaleDeps,
  scope: OrgScope,
  app: App,
  regions: readonly RegionCode[],
  options: { readonly keepsPlace: (group: string) => boolean; readonly hold: AppHold },
): Promise<{ created: PlacedMachine[]; destroyed: PlacedMachine[] }> {
  const create: NewMachine[] = []
  const leaving: DesiredMachine[] = []
  for (const [group, machines] of Map.groupBy(managedMachines(scope, app), (machine) => groupOf(machine.config))) {
    const plan = planSpread({ machines: machines.map(spreadable), count: machines.length, regions, keepsPlace: options.keepsPlace(group) })
    create.push(...newMachines(plan, () => replicaConfig(scope, app, group, machines, undefined)))
    leaving.push(...machines.filter((machine) => plan.destroy.includes(machine.id)))
  }
  return carryOutScale(deps, { app, create, leaving, signal: options.hold.signal })
}

const spreadable = (machine: DesiredMachine) => ({ id: machine.id, region: machine.region, isAnchored: isAnchored(machine) })
