import type { App } from '../../model/app.ts'
import { fault } from '../../model/fault/fault.ts'
import type { RegionCode } from '../../model/ids.ts'
import type { DesiredMachine } from '../../model/machine/machine-record.ts'
import type { AppScaling } from '../../model/placement/app-scaling.ts'
import { placeMachine, type HostLoad } from '../../model/placement/place-machine.ts'
import { distanceKm } from '../../model/region/region.ts'
import { keys } from '../../store/keys.ts'
import type { PlatformView } from '../platform/platform-view.ts'
import type { Records } from '../state/records.ts'

export const scalingOf = (records: Records, app: App): AppScaling | undefined => records.get<AppScaling>(keys.scaling(app.name))

/**
 * Where an app's machines may be: the pool that was set; else the regions where it has machines, its primary region first, the others in the platform's
 * order; else its primary region (flyctl's rule, platform-semantics §4.1).
 */
export function regionPool(
  deps: { readonly platform: PlatformView; readonly records: Records },
  app: App,
  machines: readonly DesiredMachine[],
): readonly RegionCode[] {
  const pool = scalingOf(deps.records, app)?.regions
  if (pool !== undefined) return pool
  const { platform } = deps
  const present = new Set(machines.map((machine) => machine.region))
  if (present.size === 0) return platform.wanted(undefined, app.primaryRegion)
  const others = platform.regions().flatMap(({ code }) => (present.has(code) && code !== app.primaryRegion ? [code] : []))
  return app.primaryRegion !== undefined && present.has(app.primaryRegion) ? [app.primaryRegion, ...others] : others
}

/** Codes and aliases as regions that have a host. Fault no_host_in_region names the first that has none. */
export const regionsNamed = (platform: PlatformView, words: readonly string[]): readonly RegionCode[] => [
  ...new Set(words.flatMap((word) => platform.wanted(word, undefined))),
]

/** The host for a new machine in a region of the pool; when none answers there, in the nearest backup region. */
export function placeInPool(deps: { readonly platform: PlatformView; readonly records: Records }, app: App, region: RegionCode): HostLoad {
  const regions = deps.platform.regions()
  const home = regions.find((known) => known.code === region)
  const backup = (scalingOf(deps.records, app)?.backup ?? [])
    .flatMap((code) => regions.filter((known) => known.code === code && code !== region))
    .toSorted((a, b) => (home === undefined ? 0 : distanceKm(home, a) - distanceKm(home, b)))
  return placeMachine([region, ...backup.map(({ code }) => code)], deps.platform.loads(app.name))
}

/** Fault region_not_in_pool for the first region that a set pool does not have. */
export function requireInPool(app: App, pool: readonly RegionCode[] | undefined, regions: readonly RegionCode[]): void {
  const foreign = pool && regions.find((region) => !pool.includes(region))
  if (pool !== undefined && foreign !== undefined) throw fault('region_not_in_pool', { app: app.name, region: foreign, pool })
}
