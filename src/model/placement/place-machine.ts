import { fault } from '../fault/fault.ts'
import type { HostId, RegionCode } from '../ids.ts'

/** What placing knows of a host. */
export interface HostLoad {
  readonly id: HostId
  readonly region: RegionCode
  readonly isReachable: boolean
  /** Machines of all apps. */
  readonly machines: number
  /** Machines of the app that is placed: its machines spread over hosts first. */
  readonly machinesOfApp: number
}

/**
 * The host for one more machine: in the most wanted region that has a reachable host, the one with the fewest machines of the app, then the fewest at
 * all. It proposes only: the host may refuse.
 */
export function placeMachine(regions: readonly RegionCode[], hosts: readonly HostLoad[]): HostLoad {
  for (const region of regions) {
    let best: HostLoad | undefined
    for (const host of hosts) {
      if (host.region === region && host.isReachable && (best === undefined || isBetter(host, best))) best = host
    }
    if (best !== undefined) return best
  }
  const inRegions = hosts.filter((host) => regions.includes(host.region))
  const [first] = inRegions
  if (first !== undefined) throw fault('host_unreachable', { host: inRegions.map((host) => host.id).join(', '), reason: 'not connected' })
  throw fault('no_host_in_region', { region: regions.join(','), have: [...new Set(hosts.map((host) => host.region))] })
}
const isBetter = (a: HostLoad, b: HostLoad): boolean =>
  a.machinesOfApp !== b.machinesOfApp ? a.machinesOfApp < b.machinesOfApp : a.machines !== b.machines ? a.machines < b.machines : a.id < b.id
