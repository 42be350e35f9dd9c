import type { HostRecord } from '../../model/host.ts'
import type { AppName, HostId, RegionCode } from '../../model/ids.ts'
import type { DesiredMachine } from '../../model/machine/machine-record.ts'
import type { HostLoad } from '../../model/placement/place-machine.ts'
import { preferredRegions } from '../../model/placement/region-preference.ts'
import type { Region } from '../../model/region/region.ts'
import type { HostPort } from '../../protocol/host-port.ts'
import { prefixes } from '../../store/keys.ts'
import type { Records } from '../state/records.ts'
import type { PlatformCounts } from './platform-counts.ts'

/** What belongs to no org: hosts and regions, and how full they are. */
export interface PlatformView {
  /** In the order of the regions. */
  hosts(): readonly HostRecord[]
  /** Those with a host, in the operator's order. */
  regions(): readonly Region[]
  isReachable(host: HostId): boolean
  loads(app: AppName): readonly HostLoad[]
  machineCount(host: HostId): number
  /** A preference of a request as region codes; without one the app's primary region, else the first. */
  wanted(preference: string | undefined, primary: RegionCode | undefined): readonly RegionCode[]
}

export function openPlatformView(
  deps: { readonly records: Records; readonly counts: PlatformCounts; readonly hosts: (id: HostId) => HostPort | undefined },
  order: readonly RegionCode[],
): PlatformView {
  const { records, counts } = deps
  const rank = (region: RegionCode) => (order.includes(region) ? order.indexOf(region) : order.length)
  const hosts = () => records.list<HostRecord>(prefixes.hosts).toSorted((a, b) => rank(a.region.code) - rank(b.region.code) || (a.id < b.id ? -1 : 1))
  const regions = () => [...new Map(hosts().map((host) => [host.region.code, host.region])).values()]
  return {
    hosts,
    regions,
    isReachable: (host) => deps.hosts(host) !== undefined,
    machineCount: (host) => counts.orderedOn(host),
    loads(app) {
      const ofApp = new Map<HostId, number>()
      for (const machine of records.list<DesiredMachine>(`${prefixes.machines}${app}/`)) ofApp.set(machine.host, (ofApp.get(machine.host) ?? 0) + 1)
      return hosts().map((host) => ({
        id: host.id,
        region: host.region.code,
        isReachable: deps.hosts(host.id) !== undefined,
        machines: counts.orderedOn(host.id),
        machinesOfApp: ofApp.get(host.id) ?? 0,
      }))
    },
    wanted(preference, primary) {
      if (preference) return preferredRegions(preference, regions())
      const available = regions()
      if (primary !== undefined && available.some((region) => region.code === primary)) return [primary]
      return preferredRegions(available[0]?.code ?? 'any', available)
    },
  }
}
