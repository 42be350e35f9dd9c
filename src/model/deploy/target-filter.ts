import type { MachineId, RegionCode } from '../ids.ts'

/** Which machines a deploy is for; what is missing excludes nothing (platform-semantics §5.1). */
export interface TargetFilter {
  readonly regions?: readonly string[]
  readonly excludeRegions?: readonly string[]
  readonly machines?: readonly string[]
  readonly excludeMachines?: readonly string[]
  readonly groups?: readonly string[]
  /** No machine is made, none is destroyed. */
  readonly updateOnly?: boolean
}

const isIn = (list: readonly string[] | undefined, value: string) => list === undefined || list.length === 0 || list.includes(value)

export const isTarget = (filter: TargetFilter, machine: { readonly id: MachineId; readonly region: RegionCode; readonly group: string }): boolean =>
  isIn(filter.regions, machine.region) &&
  !(filter.excludeRegions ?? []).includes(machine.region) &&
  isIn(filter.machines, machine.id) &&
  !(filter.excludeMachines ?? []).includes(machine.id) &&
  isIn(filter.groups, machine.group)

/** Whether machines of a group that has none yet are made in `region`. Somebody who names machines wants those and no others. */
export const mayCreate = (filter: TargetFilter, group: string, region: RegionCode): boolean =>
  filter.updateOnly !== true &&
  (filter.machines ?? []).length === 0 &&
  isIn(filter.groups, group) &&
  isIn(filter.regions, region) &&
  !(filter.excludeRegions ?? []).includes(region)
