import type { App } from '../../model/app.ts'
import { fault } from '../../model/fault/fault.ts'
import type { AutoscalePolicy } from '../../model/placement/app-scaling.ts'
import type { Autoscale, AutoscaleReply, AutoscaleRequest } from '../../protocol/kante-api.ts'
import type { Caller } from '../api/route.ts'
import { scalingOf } from '../regions/region-pool.ts'
import { machinesOfGroup } from '../scale/group-machines.ts'
import { holdApp } from '../scale/hold-app.ts'
import { scaleGroup, type ScaleDeps } from '../scale/scale-app.ts'
import { writeScaling } from '../scale/write-scaling.ts'
import type { OrgScope } from '../state/org-scope.ts'

export function showAutoscale({ records }: Pick<ScaleDeps, 'records'>, scope: OrgScope, app: App): Autoscale {
  const policies = Object.entries(scalingOf(records, app)?.autoscale ?? {})
  return { policies: policies.map(([group, policy]) => ({ group, ...policy, machines: machinesOfGroup(scope, app, group).length })) }
}

/**
 * `autoscale balanced|standard|set`: keeps the bounds and brings the number of existing machines within them at once, as `scale count` would; from then on
 * the loop decides. Faults invalid_value, never_deployed, not_autoscaled (`set` without a mode the first time), and those of scaling.
 */
export async function setAutoscale(deps: ScaleDeps, scope: OrgScope, app: App, request: AutoscaleRequest, caller: Caller): Promise<AutoscaleReply> {
  if (!scope.releases(app).some((release) => release.status === 'complete')) throw fault('never_deployed', { app: app.name })
  const { group } = request
  await using hold = await holdApp(deps, app, `autoscale by ${caller.tokenId}`)
  const before = scalingOf(deps.records, app)
  const policies = new Map(Object.entries(before?.autoscale ?? {}))
  const policy = policyOf(app, request, policies.get(group))
  const machines = machinesOfGroup(scope, app, group)
  if (machines.every((machine) => (machine.config.services?.length ?? 0) === 0))
    throw fault('invalid_value', { field: 'group', found: group, rule: 'a process group with machines and services: its load is what edges see' })
  const have = machines.length
  const count = Math.min(policy.max, Math.max(policy.min, have))
  // First the number, so that a policy that cannot be kept is not there.
  const done = count === have ? { created: [], destroyed: [] } : await scaleGroup(deps, scope, app, { group, count }, hold)
  await writeScaling(deps, app, { ...before, autoscale: Object.fromEntries(policies.set(group, policy)) }, hold)
  return { ...showAutoscale(deps, scope, app), created: done.created, destroyed: done.destroyed }
}

function policyOf(app: App, request: AutoscaleRequest, before: AutoscalePolicy | undefined): AutoscalePolicy {
  const mode = request.mode ?? before?.mode
  if (mode === undefined) throw fault('not_autoscaled', { app: app.name, group: request.group })
  const min = request.min ?? before?.min ?? 1
  const max = request.max ?? before?.max
  if (max === undefined) throw fault('invalid_body', { problems: ['max: it is needed the first time, as in max=10'] })
  if (max < min) throw fault('invalid_value', { field: 'max', found: max, rule: `a number of machines from min (${min}) on` })
  return { mode, min, max }
}

/** Fault not_autoscaled. */
export async function disableAutoscale(deps: ScaleDeps, scope: OrgScope, app: App, group: string, caller: Caller): Promise<Autoscale> {
  await using hold = await holdApp(deps, app, `autoscale by ${caller.tokenId}`)
  const before = scalingOf(deps.records, app)
  const policies = new Map(Object.entries(before?.autoscale ?? {}))
  if (!policies.delete(group)) throw fault('not_autoscaled', { app: app.name, group })
  await writeScaling(deps, app, { ...before, autoscale: Object.fromEntries(policies) }, hold)
  return showAutoscale(deps, scope, app)
}
