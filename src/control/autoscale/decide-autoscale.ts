import type { MachineId, RegionCode } from '../../model/ids.ts'
import type { AutoscalePolicy } from '../../model/placement/app-scaling.ts'

export interface AutoscaleMachine {
  readonly id: MachineId
  readonly region: RegionCode
  /** serving: takes requests now. reserve: would, as soon as it is woken or has started. none: neither, such as one that failed. */
  readonly readiness: 'serving' | 'reserve' | 'none'
  /** Requests in flight, smoothed. */
  readonly load: number
  readonly softLimit: number
  /** On the monotonic clock: since when it does not run. */
  readonly restingSinceMs?: number
  /** A volume or a standby's duty: never destroyed, never stopped. */
  readonly isAnchored: boolean
}
export interface AutoscaleOptions {
  /** How long all machines must be over their soft limit before one is made. */
  readonly pressureMs: number
  /** How long a machine must rest before it is destroyed. */
  readonly restMs: number
  /** Where autostop is off: for how long fewer machines must have been enough before one is stopped. */
  readonly calmMs: number
}
export interface AutoscaleInput {
  readonly nowMs: number
  readonly policy: AutoscalePolicy
  /** The pool's regions with a host, in order, at least one. */
  readonly regions: readonly RegionCode[]
  readonly primaryRegion?: RegionCode | undefined
  /** All that exist in the process group, oldest first. */
  readonly machines: readonly AutoscaleMachine[]
  /** Requests in flight and held, smoothed, by the region of the pool that is nearest to the edge they came to. */
  readonly demand: ReadonlyMap<RegionCode, number>
  /** Autostop does not stop machines of this group, so autoscale does. */
  readonly isAutostopOff: boolean
  /** False while an edge is silent, which may have requests that nobody knows of: nothing is stopped or destroyed. */
  readonly isAllHeard: boolean
  readonly memory: AutoscaleMemory | undefined
  readonly options: AutoscaleOptions
}
/** Carried from pass to pass; a control that starts anew begins without. */
export interface AutoscaleMemory {
  readonly pressedSinceMs?: number | undefined
  readonly calmSinceMs?: number | undefined
  /** Grows when a machine was destroyed that was needed soon after. */
  readonly patienceMs: number
  readonly destroyedAtMs?: number | undefined
}
export interface AutoscaleDecision {
  /** One entry per new machine. */
  readonly create: readonly RegionCode[]
  readonly destroy?: MachineId
  readonly stop?: MachineId
  readonly memory: AutoscaleMemory
}
/** Fewer machines are enough when they would be at most this full; the gap to 1 is what keeps the number steady at the limit. */
const calmShare = 0.75
const longestPatience = 8

/**
 * How many machines shall exist, and where (docs/adr/0020): one is made only when every one runs and is over its soft limit (balanced: every one of a
 * region, since its edge sends requests no further while they fit there); one is destroyed only when it has rested for long. What runs within is
 * autostop's business, or, where that is off, follows the same load.
 */
export function decideAutoscale(input: AutoscaleInput): AutoscaleDecision {
  const { policy, machines, nowMs, options } = input
  const before = input.memory ?? { patienceMs: options.restMs }
  const pressed = pressedMachines(input)
  const pressedSinceMs = pressed.length > 0 ? (before.pressedSinceMs ?? nowMs) : undefined
  const spare = input.isAutostopOff ? byNeed(input).find((machine) => isSpare(input, machine)) : undefined
  const calmSinceMs = spare === undefined ? undefined : (before.calmSinceMs ?? nowMs)
  const memory: AutoscaleMemory = { ...before, pressedSinceMs, calmSinceMs }

  if (machines.length < policy.min) return { create: newRegions(input, policy.min - machines.length), memory }
  if (pressedSinceMs !== undefined && nowMs - pressedSinceMs >= options.pressureMs && machines.length < policy.max) {
    const create = newRegions(input, Math.min(policy.max - machines.length, countMissing(pressed)))
    // Where one sleeps, its edge wakes it first.
    if (create.every((region) => machines.every((machine) => machine.region !== region || machine.readiness !== 'reserve')))
      return { create, memory: { ...memory, pressedSinceMs: undefined, patienceMs: patienceAfterCreate(before, input) } }
  }
  const victim = input.isAllHeard ? toDestroy(input, before.patienceMs) : undefined
  if (victim !== undefined) {
    const patienceMs = Math.max(options.restMs, before.patienceMs / 2)
    return { create: [], destroy: victim.id, memory: { ...memory, destroyedAtMs: nowMs, patienceMs } }
  }
  if (spare === undefined || calmSinceMs === undefined || nowMs - calmSinceMs < options.calmMs) return { create: [], memory }
  return { create: [], stop: spare.id, memory: { ...memory, calmSinceMs: undefined } }
}

/** Those that serve where nobody has room and nobody can be woken: of all, or, balanced, of the regions that are so by themselves. */
function pressedMachines({ policy, machines }: AutoscaleInput): readonly AutoscaleMachine[] {
  const groups = policy.mode === 'balanced' ? [...Map.groupBy(machines, (machine) => machine.region).values()] : [machines]
  return groups.flatMap((group) => {
    const able = group.filter((machine) => machine.readiness !== 'none')
    return able.every((machine) => machine.readiness === 'serving' && machine.load >= machine.softLimit) ? able : []
  })
}

/** As many as bring the load under the soft limit, at least one, at most twice what there is. */
function countMissing(pressed: readonly AutoscaleMachine[]): number {
  const load = pressed.reduce((sum, machine) => sum + machine.load, 0)
  const soft = pressed.reduce((sum, machine) => sum + machine.softLimit, 0) / pressed.length
  return Math.max(1, Math.min(Math.ceil(load / soft) - pressed.length, pressed.length))
}

/** Where autostop is off: whether the others of its region would do without it, with room to spare; the last of a region when no load comes there. */
function isSpare(input: AutoscaleInput, machine: AutoscaleMachine): boolean {
  if (!input.isAllHeard || machine.readiness !== 'serving' || machine.isAnchored) return false
  const serving = input.machines.filter((each) => each.readiness === 'serving')
  if (serving.length <= input.policy.min) return false
  const here = serving.filter((each) => each.region === machine.region)
  const room = here.reduce((sum, each) => sum + each.softLimit, -machine.softLimit)
  const load = here.reduce((sum, each) => sum + each.load, 0)
  return here.length > 1 ? load <= room * calmShare : load < negligible && demandIn(input, machine.region) === 0
}

/**
 * Those that are needed most stay, even while others, which are to go, have not rested long enough yet. One that is to go but never rests, as the last
 * that serves, is not waited for: after twice the time another goes.
 */
function toDestroy(input: AutoscaleInput, patienceMs: number): AutoscaleMachine | undefined {
  const surplus = input.machines.length - input.policy.min
  const home = lastAtHome(input)
  const isRested = (machine: AutoscaleMachine, forMs: number) =>
    !machine.isAnchored && machine !== home && machine.restingSinceMs !== undefined && input.nowMs - machine.restingSinceMs >= forMs
  if (surplus <= 0 || !input.machines.some((machine) => isRested(machine, patienceMs))) return undefined
  const ranked = byNeed(input)
  return ranked.slice(0, surplus).find((machine) => isRested(machine, patienceMs)) ?? ranked.find((machine) => isRested(machine, 2 * patienceMs))
}

/** The last machine of the primary region stays: an app that has followed its load comes home when that is over. */
function lastAtHome({ machines, primaryRegion, regions }: AutoscaleInput): AutoscaleMachine | undefined {
  if (primaryRegion === undefined || !regions.includes(primaryRegion)) return undefined
  const [first, second] = machines.filter((machine) => machine.region === primaryRegion)
  return second === undefined ? first : undefined
}

function patienceAfterCreate(before: AutoscaleMemory, { nowMs, options }: AutoscaleInput): number {
  const wasHasty = before.destroyedAtMs !== undefined && nowMs - before.destroyedAtMs < 3 * before.patienceMs
  return wasHasty ? Math.min(before.patienceMs * 2, options.restMs * longestPatience) : before.patienceMs
}

/** Regions for new machines, one after the other: balanced where most load comes to a machine (d'Hondt's rule), standard where the fewest are. */
function newRegions(input: AutoscaleInput, count: number): readonly RegionCode[] {
  const have = new Map(input.regions.map((region) => [region, input.machines.filter((machine) => machine.region === region).length]))
  return Array.from({ length: count }, () => {
    const weight = (region: RegionCode) => (input.policy.mode === 'balanced' ? demandIn(input, region) / (have.get(region)! + 1) : 0)
    const isBetter = (a: RegionCode, b: RegionCode) => weight(a) > weight(b) || (weight(a) === weight(b) && have.get(a)! < have.get(b)!)
    const region = input.regions.reduce((best, each) => (isBetter(each, best) ? each : best))
    have.set(region, have.get(region)! + 1)
    return region
  })
}

/**
 * Who goes first: outside of the pool; then balanced where the least load comes to a machine, standard where the most machines are; the primary region's
 * last; of equals the one that has rested longest, then the newest. What is anchored never goes, nor the last at home.
 */
function byNeed(input: AutoscaleInput): readonly AutoscaleMachine[] {
  const { mode } = input.policy
  const counts = new Map<RegionCode, number>()
  for (const { region } of input.machines) counts.set(region, (counts.get(region) ?? 0) + 1)
  const home = lastAtHome(input)
  const rank = (machine: AutoscaleMachine): readonly number[] => {
    const { region, isAnchored, restingSinceMs } = machine
    return [
      isAnchored || machine === home ? 1 : 0,
      input.regions.includes(region) ? 1 : 0,
      mode === 'balanced' ? demandIn(input, region) / counts.get(region)! : -counts.get(region)!,
      region === input.primaryRegion ? 1 : 0,
      -counts.get(region)!,
      restingSinceMs ?? input.nowMs,
    ]
  }
  const ranked = input.machines.toReversed().map((machine) => ({ machine, rank: rank(machine) }))
  const difference = (a: readonly number[], b: readonly number[]) => a.map((value, index) => value - b[index]!).find((by) => by !== 0) ?? 0
  return ranked.toSorted((a, b) => difference(a.rank, b.rank)).map(({ machine }) => machine)
}

/** Traces of load that is over do not count. */
const negligible = 0.01
const demandIn = ({ demand }: AutoscaleInput, region: RegionCode): number => {
  const found = demand.get(region) ?? 0
  return found < negligible ? 0 : found
}
