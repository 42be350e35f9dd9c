import type { MachineId, RegionCode } from '../../model/ids.ts'
import type { Place } from './place.ts'

export interface PoolRegion {
  readonly code: RegionCode
  readonly ready: Place[]
  readonly unproven: Place[]
  readonly critical: Place[]
  /** In the order in which they are woken; also those that arrive by themselves. */
  readonly asleep: Place[]
}
/** All places that answer to one external port of one app, by region, nearest first: what a request chooses from. Kept up to date by route changes. */
export interface Pool {
  readonly regions: PoolRegion[]
  readonly places: Map<MachineId, Place>
}
export type RegionRank = (region: RegionCode) => number

export const newPool = (): Pool => ({ regions: [], places: new Map() })

export function addPlace(pool: Pool, place: Place, rankOf: RegionRank): void {
  pool.places.set(place.machine, place)
  if (place.kind === 'out') return
  const region = regionOf(pool, place.region, rankOf)
  switch (place.kind) {
    case 'ready':
      region.ready.push(place)
      break
    case 'unproven':
      region.unproven.push(place)
      break
    case 'critical':
      region.critical.push(place)
      break
    case 'asleep':
    case 'arriving':
      region.asleep.splice(firstAfter(region.asleep, place), 0, place)
      break
  }
}

/** Takes a place out as it was added: call it before its kind, rank or region change. */
export function removePlace(pool: Pool, place: Place): void {
  pool.places.delete(place.machine)
  const at = pool.regions.findIndex((region) => region.code === place.region)
  const region = pool.regions[at]
  if (region === undefined) return
  for (const list of [region.ready, region.unproven, region.critical, region.asleep]) {
    const index = list.indexOf(place)
    if (index >= 0) list.splice(index, 1)
  }
  if (region.ready.length + region.unproven.length + region.critical.length + region.asleep.length === 0) pool.regions.splice(at, 1)
}

/** After distances have changed. */
export function sortRegions(pool: Pool, rankOf: RegionRank): void {
  pool.regions.sort((a, b) => rankOf(a.code) - rankOf(b.code) || (a.code < b.code ? -1 : 1))
}

function regionOf(pool: Pool, code: RegionCode, rankOf: RegionRank): PoolRegion {
  const found = pool.regions.find((region) => region.code === code)
  if (found !== undefined) return found
  const region: PoolRegion = { code, ready: [], unproven: [], critical: [], asleep: [] }
  pool.regions.push(region)
  sortRegions(pool, rankOf)
  return region
}

/** All edges order alike, so that they wake the same machine. */
const wakesBefore = (a: Place, b: Place) => a.wakeRank < b.wakeRank || (a.wakeRank === b.wakeRank && a.machine < b.machine)
function firstAfter(list: readonly Place[], place: Place): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (wakesBefore(list[middle]!, place)) low = middle + 1
    else high = middle
  }
  return low
}
