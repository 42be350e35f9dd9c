import { fault } from '../fault/fault.ts'
import type { MachineId, RegionCode } from '../ids.ts'

export interface ScaleInput {
  /** Machines of the process group, oldest first. */
  readonly machines: readonly { readonly id: MachineId; readonly region: RegionCode }[]
  /** The total over `regions`; machines elsewhere are untouched. */
  readonly count: number
  /** In order of preference, without repetition, at least one. */
  readonly regions: readonly RegionCode[]
  readonly maxPerRegion?: number
}
export interface ScalePlan {
  /** One entry per new machine, in the order of making them. */
  readonly create: readonly RegionCode[]
  readonly destroy: readonly MachineId[]
  readonly counts: Readonly<Record<RegionCode, number>>
}

/**
 * flyctl's rule for `scale count` (platform-semantics §4.1): trim regions above the maximum; then add one by one, round the regions in list order, or take
 * away round the list from its end. Within a region the newest machines go first.
 */
export function planScale({ machines, count, regions, maxPerRegion }: ScaleInput): ScalePlan {
  const max = maxPerRegion ?? Infinity
  if (regions.length * max < count) {
    const rule = `at most ${regions.length * max}: ${regions.length} regions with ${max} each`
    throw fault('invalid_value', { field: 'count', found: count, rule })
  }
  const current = new Map<RegionCode, number>(regions.map((region) => [region, 0]))
  for (const machine of machines) if (current.has(machine.region)) current.set(machine.region, current.get(machine.region)! + 1)
  const target = new Map([...current].map(([region, have]) => [region, Math.min(have, max)]))
  const sum = () => [...target.values()].reduce((total, have) => total + have, 0)
  const create: RegionCode[] = []
  for (let missing = count - sum(), at = 0; missing > 0; at++) {
    const region = regions[at % regions.length]!
    if (target.get(region)! >= max) continue
    target.set(region, target.get(region)! + 1)
    create.push(region)
    missing--
  }
  for (let surplus = sum() - count, at = regions.length - 1; surplus > 0; at = at === 0 ? regions.length - 1 : at - 1) {
    const region = regions[at]!
    if (target.get(region)! < 1) continue
    target.set(region, target.get(region)! - 1)
    surplus--
  }
  const destroy: MachineId[] = []
  for (const [region, have] of target) {
    const here = machines.filter((machine) => machine.region === region)
    destroy.push(...here.slice(have).map((machine) => machine.id))
  }
  return { create, destroy, counts: Object.fromEntries(target) as Record<RegionCode, number> }
}
