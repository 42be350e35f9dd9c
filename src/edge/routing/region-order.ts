import type { RegionCode } from '../../model/ids.ts'
import { distanceKm, type Region } from '../../model/region/region.ts'
import type { RegionRank } from './pool.ts'

/** Kilometres from an edge's region; its own first, unknown ones last. Round-trip times replace them where they are measured. */
export function rankRegions(home: Region, regions: Iterable<Region>): RegionRank {
  const km = new Map<RegionCode, number>()
  for (const region of regions) km.set(region.code, distanceKm(home, region))
  km.set(home.code, -1)
  return (code) => km.get(code) ?? Number.MAX_SAFE_INTEGER
}
