import { loadClass, type Place } from './place.ts'
import type { Pool, PoolRegion } from './pool.ts'

/** What a request asks of its place (platform-semantics §1.7). */
export interface Wishes {
  readonly preferRegions?: readonly string[]
  readonly forceRegions?: readonly string[]
  readonly preferMachine?: string
  readonly forceMachine?: string
}
export interface ChooseOptions {
  /** Monotonic milliseconds. */
  readonly nowMs: number
  /** 0 up to, not including, 1 */
  readonly random: () => number
  /** Places that have failed this request already. */
  readonly tried?: ReadonlySet<Place> | undefined
}
export type Choice =
  /** `warm`: the nearest region sleeps and is woken beside this request, for those that follow. */
  | { readonly kind: 'go'; readonly place: Place; readonly warm?: Place }
  /** Hold the request and wake `place`. `orElse`: a running machine between its soft and hard limit, should the wake take long. */
  | { readonly kind: 'wake'; readonly place: Place; readonly orElse?: Place }
  /** Only machines are left that refused connections: hold the request and ask this one's host what became of it. */
  | { readonly kind: 'ask'; readonly place: Place }
  /** Hold the request until something changes. */
  | { readonly kind: 'queue'; readonly why: 'full' | 'unhealthy' | 'arriving' }
  | { readonly kind: 'none'; readonly why: 'no-machine' | 'not-startable' | 'wake-failed' }

/**
 * Fly.io's rule: the least loaded machine of the nearest region; beyond the region only when every machine here is at its hard limit, unhealthy or gone;
 * a stopped machine of the nearest region is woken when all running ones are at their soft limit (platform-semantics §1.2, §2; ADR 0008 for what Fly.io leaves open).
 */
export function choose(pool: Pool, wishes: Wishes, options: ChooseOptions): Choice {
  if (wishes.forceMachine !== undefined) return chooseOne(pool, wishes.forceMachine, options)
  if (wishes.preferMachine !== undefined) {
    const preferred = chooseOne(pool, wishes.preferMachine, options)
    if (preferred.kind === 'go' || preferred.kind === 'wake') return preferred
  }
  const regions = orderedRegions(pool, wishes)
  const nearest = regions[0] && leastLoaded(regions[0].ready, options)
  if (nearest !== undefined && loadClass(nearest, nearest.inFlight) === 0) return { kind: 'go', place: nearest }
  return walk(regions, options)
}

/** A machine whose checks have no result yet serves only where none runs that passed. */
function walk(regions: readonly PoolRegion[], options: ChooseOptions): Choice {
  const tier = (['ready', 'unproven'] as const).find((kind) => regions.some((region) => region[kind].some((place) => isUsable(place, options))))
  let asleepNear: Place | undefined
  let isFull = false
  for (const region of regions) {
    const best = tier && leastLoaded(region[tier], options)
    if (best === undefined) {
      asleepNear ??= nextToWake(region.asleep, options)
      continue
    }
    const load = loadClass(best, best.inFlight)
    // Warming is for machines that the platform itself puts to sleep; one that somebody stopped by hand stays so while others serve.
    if (load === 0) return { kind: 'go', place: best, ...(asleepNear && asleepNear.autostop !== 'off' ? { warm: asleepNear } : {}) }
    const wake = asleepNear ?? nextToWake(region.asleep, options)
    if (wake !== undefined) return { kind: 'wake', place: wake, ...(load === 1 ? { orElse: best } : {}) }
    if (load === 1) return { kind: 'go', place: best }
    isFull = true
  }
  if (asleepNear !== undefined) return { kind: 'wake', place: asleepNear }
  if (isFull) return { kind: 'queue', why: 'full' }
  const suspect = regions.flatMap((region) => [...region.ready, ...region.unproven]).find((place) => place.inFlight < place.hardLimit)
  if (suspect !== undefined) return { kind: 'ask', place: suspect }
  return nothingNow(
    regions.flatMap((region) => [...region.ready, ...region.unproven, ...region.critical, ...region.asleep]),
    options,
  )
}

function chooseOne(pool: Pool, machine: string, options: ChooseOptions): Choice {
  const place = pool.places.get(machine as Place['machine'])
  if (place === undefined) return { kind: 'none', why: 'no-machine' }
  if (place.kind === 'ready' || place.kind === 'unproven') {
    if (place.inFlight >= place.hardLimit) return { kind: 'queue', why: 'full' }
    return isUsable(place, options) ? { kind: 'go', place } : { kind: 'ask', place }
  }
  return nextToWake([place], options) === undefined ? nothingNow([place], options) : { kind: 'wake', place }
}

function nothingNow(places: readonly Place[], { nowMs }: ChooseOptions): Choice {
  if (places.some((place) => place.kind === 'ready' || place.kind === 'unproven')) return { kind: 'queue', why: 'full' }
  if (places.some((place) => place.kind === 'critical')) return { kind: 'queue', why: 'unhealthy' }
  if (places.some((place) => place.kind === 'arriving' && !place.autostart)) return { kind: 'queue', why: 'arriving' }
  const asleep = places.filter((place) => place.kind === 'asleep' || place.kind === 'arriving')
  if (asleep.some((place) => place.autostart && place.wakeBarredUntilMs <= nowMs)) return { kind: 'queue', why: 'full' }
  if (asleep.some((place) => place.autostart)) return { kind: 'none', why: 'wake-failed' }
  return { kind: 'none', why: asleep.length > 0 ? 'not-startable' : 'no-machine' }
}

export function orderedRegions(pool: Pool, { forceRegions, preferRegions }: Wishes): readonly PoolRegion[] {
  if (forceRegions === undefined && preferRegions === undefined) return pool.regions
  const listed = (codes: readonly string[]) => codes.flatMap((code) => pool.regions.filter((region) => region.code === code))
  if (forceRegions !== undefined) return [...new Set(listed(forceRegions))]
  return [...new Set([...listed(preferRegions ?? []), ...pool.regions])]
}

const isUsable = (place: Place, { nowMs, tried }: ChooseOptions) => place.suspectUntilMs <= nowMs && !tried?.has(place)

/** More machines than this are not compared once one below its soft limit is found: a request's cost stays bounded in apps of any size. */
const mostCompared = 128
/** By load class, then by number in flight; starts anywhere, so that equals take turns at random. An idle machine ends the search. */
function leastLoaded(places: readonly Place[], options: ChooseOptions): Place | undefined {
  const count = places.length
  let best: Place | undefined
  let bestClass = 3
  for (let i = 0, at = count > 1 ? Math.floor(options.random() * count) : 0; i < count; i++, at = at + 1 === count ? 0 : at + 1) {
    if (i >= mostCompared && bestClass === 0) break
    const place = places[at]!
    if (!isUsable(place, options)) continue
    const load = loadClass(place, place.inFlight)
    if (best !== undefined && (load > bestClass || (load === bestClass && place.inFlight >= best.inFlight))) continue
    best = place
    bestClass = load
    if (place.inFlight === 0 && load === 0) break
  }
  return best
}

/** The first in order that is below its soft limit with all that is held for it: one machine fills up before the next is woken. Else the least loaded below its hard limit. */
function nextToWake(asleep: readonly Place[], { nowMs }: ChooseOptions): Place | undefined {
  let spare: Place | undefined
  for (const place of asleep) {
    if (!place.autostart || place.wakeBarredUntilMs > nowMs || (place.kind !== 'asleep' && place.kind !== 'arriving')) continue
    const load = place.held + place.inFlight
    const at = loadClass(place, load)
    if (at === 0) return place
    if (at === 1 && (spare === undefined || load < spare.held + spare.inFlight)) spare = place
  }
  return spare
}
