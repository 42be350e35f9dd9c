import type { App } from '../../model/app.ts'
import { fault } from '../../model/fault/fault.ts'
import type { RegionCode } from '../../model/ids.ts'
import type { RegionPool, RegionsReply, RegionsRequest } from '../../protocol/kante-api.ts'
import type { Caller } from '../api/route.ts'
import { managedMachines } from '../scale/group-machines.ts'
import { holdApp } from '../scale/hold-app.ts'
import { respread, type ScaleDeps } from '../scale/scale-app.ts'
import { writeScaling } from '../scale/write-scaling.ts'
import type { OrgScope } from '../state/org-scope.ts'
import { regionPool, regionsNamed, scalingOf } from './region-pool.ts'

/** The pool of an app with what is where. */
export function showRegions(deps: Pick<ScaleDeps, 'platform' | 'records'>, scope: OrgScope, app: App): RegionPool {
  const machines = managedMachines(scope, app)
  const scaling = scalingOf(deps.records, app)
  const names = new Map(deps.platform.regions().map(({ code, name }) => [code, name]))
  return {
    isSet: scaling?.regions !== undefined,
    regions: regionPool(deps, app, machines).map((code) => ({
      code,
      name: names.get(code) ?? code,
      machines: machines.filter((machine) => machine.region === code).length,
    })),
    backup: [...(scaling?.backup ?? [])],
  }
}

/**
 * `regions add|remove|set|backup` (docs/adr/0019): the total of each process group stays, its machines are spread over the new pool: new ones first, the
 * old ones end when those answer. When they do not, everything is as before. Faults no_host_in_region, last_region, deploy_running, scale_failed.
 */
export async function changeRegions(deps: ScaleDeps, scope: OrgScope, app: App, request: RegionsRequest, caller: Caller): Promise<RegionsReply> {
  const { action } = request
  if (request.regions.length === 0 && action !== 'backup') throw fault('invalid_body', { problems: ['regions: at least one'] })
  await using hold = await holdApp(deps, app, `regions ${action} by ${caller.tokenId}`)
  const before = scalingOf(deps.records, app)
  if (action === 'backup') {
    const backup = regionsNamed(deps.platform, request.regions)
    await writeScaling(deps, app, { ...before, backup }, hold)
    return { pool: showRegions(deps, scope, app), created: [], destroyed: [] }
  }
  const regions = nextPool(deps, scope, app, request)
  // The pool comes first: a control that ends in between leaves machines outside of it, which the next change or count brings in.
  await writeScaling(deps, app, { ...before, regions }, hold)
  try {
    const policies = before?.autoscale ?? {}
    const keepsPlace = (group: string) => Object.hasOwn(policies, group) && policies[group]!.mode === 'balanced'
    const moved = await respread(deps, scope, app, regions, { keepsPlace, hold })
    return { pool: showRegions(deps, scope, app), ...moved }
  } catch (error) {
    if (!hold.signal.aborted) await writeScaling(deps, app, { ...before }, hold)
    throw error
  }
}

function nextPool(deps: ScaleDeps, scope: OrgScope, app: App, { action, regions: words }: RegionsRequest): readonly RegionCode[] {
  const pool = regionPool(deps, app, managedMachines(scope, app))
  if (action === 'remove') {
    // A region whose host is gone can be taken out too, so words count as they are.
    const left = pool.filter((region) => !words.includes(region))
    if (left.length === 0) throw fault('last_region', { app: app.name, pool })
    const foreign = words.find((word) => !pool.some((region) => region === word))
    if (foreign !== undefined) throw fault('region_not_in_pool', { app: app.name, region: foreign, pool })
    return left
  }
  const named = regionsNamed(deps.platform, words)
  return action === 'set' ? named : [...pool, ...named.filter((region) => !pool.includes(region))]
}
