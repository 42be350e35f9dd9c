import { fault } from '../fault/fault.ts'
import type { MachineId, RegionCode } from '../ids.ts'
import type { ScalePlan } from './plan-scale.ts'

export interface SpreadInput {
  /** Of the process group, wherever they are, oldest first. An anchored one (a volume, a standby) is not moved. */
  readonly machines: readonly { readonly id: MachineId; readonly region: RegionCode; readonly isAnchored: boolean }[]
  /** The total over all regions. */
  readonly count: number
  /** The region pool, in order of preference, at least one. */
  readonly regions: readonly RegionCode[]
  readonly maxPerRegion?: number
  /** Leave machines that are in the pool where they are, however uneven: for groups whose regions follow their load. */
  readonly keepsPlace?: boolean
}

/**
 * Spreads machines evenly over a region pool (docs/adr/0019): regions differ by at most one, except where anchored machines force more; of equals, the
 * regions that have machines now get the odd ones, so that as few as possible move. Machines outside the pool leave it. The newest go first.
 */
export function planSpread({ machines, count, regions, maxPerRegion, keepsPlace = false }: SpreadInput): ScalePlan {
  const max = maxPerRegion ?? Infinity
  if (regions.length * max < count) {
    const rule = `at most ${regions.length * max}: ${regions.length} regions with ${max} each`
    throw fault('invalid_value', { field: 'count', found: count, rule })
  }
  const places = [...regions, ...new Set(machines.map((machine) => machine.region).filter((region) => !regions.includes(region)))]
  const here = new Map(places.map((region) => [region, machines.filter((machine) => machine.region === region)]))
  const present = (region: RegionCode) => here.get(region)!.length
  const target = new Map(
    places.map((region) => {
      const kept =
        keepsPlace && regions.includes(region) ? Math.min(present(region), max) : here.get(region)!.filter((each) => each.isAnchored).length
      return [region, kept] as const
    }),
  )
  const sum = () => [...target.values()].reduce((total, wanted) => total + wanted, 0)
  for (let missing = count - sum(); missing > 0; missing--) {
    let best: RegionCode | undefined
    for (const region of regions) {
      const wanted = target.get(region)!
      if (wanted >= max) continue
      const least = best === undefined ? Infinity : target.get(best)!
      const keepsOne = wanted < present(region)
      if (wanted < least || (wanted === least && keepsOne && target.get(best!)! >= present(best!))) best = region
    }
    // Anchored machines fill regions above the maximum, so that the others have too few places.
    if (best === undefined) throw fault('invalid_value', { field: 'count', found: count, rule: `at most ${count - missing} with ${max} per region` })
    target.set(best, target.get(best)! + 1)
  }
  for (let surplus = sum() - count; surplus > 0; surplus--) {
    const most = places.toReversed().reduce((found, region) => (target.get(region)! > target.get(found)! ? region : found))
    target.set(most, target.get(most)! - 1)
  }
  const destroy: MachineId[] = []
  for (const [region, wanted] of target) {
    // What is anchored stays longest, then what is oldest.
    const byWorth = here.get(region)!.toSorted((a, b) => Number(b.isAnchored) - Number(a.isAnchored))
    destroy.push(...byWorth.slice(wanted).map((machine) => machine.id))
  }
  const create: RegionCode[] = []
  for (let round = 0, found = true; found; round++) {
    found = false
    for (const region of regions) {
      if (present(region) + round >= target.get(region)!) continue
      create.push(region)
      found = true
    }
  }
  const counts = [...target].filter(([region, wanted]) => wanted > 0 || regions.includes(region))
  return { create, destroy, counts: Object.fromEntries(counts) as Record<RegionCode, number> }
}
