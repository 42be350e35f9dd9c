import { fault } from '../fault/fault.ts'
import type { RegionCode } from '../ids.ts'
import type { Region } from '../region/region.ts'

/** Parts of the world as Fly.io's aliases name them (platform-semantics §4.3), by the longitudes and latitudes of their regions. */
const aliases: Readonly<Record<string, (region: Region) => boolean>> = {
  any: () => true,
  eu: (r) => r.latitude > 34 && r.longitude > -12 && r.longitude < 40,
  na: (r) => r.latitude > 14 && r.longitude < -50,
  us: (r) => r.latitude > 24 && r.latitude < 49.5 && r.longitude < -66 && r.code !== 'yyz',
  usa: (r) => aliases['us']!(r),
  sa: (r) => r.latitude <= 14 && r.longitude < -30,
  apac: (r) => r.longitude > 60,
}

/**
 * The regions that a preference names, most wanted first: codes and aliases, separated by commas (`cdg,eu`). Fault no_host_in_region when none of
 * them is among `available`, whose order decides inside an alias.
 */
export function preferredRegions(preference: string, available: readonly Region[]): readonly RegionCode[] {
  const wanted: RegionCode[] = []
  const words = preference.split(',').map((word) => word.trim().toLowerCase())
  for (const word of words) {
    const isWanted = Object.hasOwn(aliases, word) ? aliases[word]! : (region: Region) => region.code === word
    for (const region of available) if (isWanted(region) && !wanted.includes(region.code)) wanted.push(region.code)
  }
  if (wanted.length === 0) throw fault('no_host_in_region', { region: preference.slice(0, 64), have: available.map((region) => region.code) })
  return wanted
}

/** The part of the world for lists: `europe`, `north_america` … */
export function geoRegionOf(region: Region): string {
  if (aliases['eu']!(region)) return 'europe'
  if (aliases['na']!(region)) return 'north_america'
  if (aliases['sa']!(region)) return 'south_america'
  return aliases['apac']!(region) ? 'asia_pacific' : 'africa'
}
