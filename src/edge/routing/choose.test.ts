import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseAppName, parseHostId, parseMachineId, parseRegionCode } from '../../model/ids.ts'
import { choose, type Choice, type Wishes } from './choose.ts'
import type { Place, PlaceKind } from './place.ts'
import { addPlace, newPool, removePlace, type Pool } from './pool.ts'

const nowMs = 1_000
/** The distance of a region is its place in this list. */
const codes = ['fra', 'cdg', 'iad', 'syd']
const rankOf = (code: string) => codes.indexOf(code)

interface Drawn {
  readonly place: Place
  readonly isTried: boolean
}
const drawnPlace = fc
  .record({
    region: fc.constantFrom(...codes),
    kind: fc.constantFrom<PlaceKind>('ready', 'ready', 'ready', 'asleep', 'asleep', 'unproven', 'critical', 'arriving', 'out'),
    soft: fc.integer({ min: 1, max: 3 }),
    extra: fc.constantFrom(0, 1, 2, Infinity),
    inFlight: fc.integer({ min: 0, max: 5 }),
    held: fc.integer({ min: 0, max: 4 }),
    autostart: fc.boolean(),
    autostop: fc.constantFrom<Place['autostop']>('off', 'stop', 'suspend'),
    wakeRank: fc.integer({ min: 0, max: 3 }),
    isSuspect: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
    isBarred: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
    isTried: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  })
  .map((drawn) => drawn)
const drawnPlaces = fc
  .array(drawnPlace, { maxLength: 9 })
  .map((list) => list.map((drawn, at): Drawn => ({ isTried: drawn.isTried, place: asPlace(drawn, at) })))

function asPlace(drawn: typeof drawnPlace extends fc.Arbitrary<infer T> ? T : never, at: number): Place {
  const isAwake = drawn.kind === 'ready' || drawn.kind === 'unproven'
  return {
    machine: parseMachineId(at.toString(16).padStart(14, '0')),
    internalPort: 8080,
    use: { machine: parseMachineId('0'.repeat(14)), inFlight: 0, held: 0, webSockets: 0, ended: 0, watch: 'none' },
    app: parseAppName('hello'),
    region: parseRegionCode(drawn.region),
    host: parseHostId('host'),
    kind: drawn.kind,
    softLimit: drawn.soft,
    hardLimit: drawn.soft + drawn.extra,
    concurrency: 'requests',
    autostart: drawn.autostart,
    autostop: drawn.autostop,
    address: '127.1.0.1',
    port: 8080,
    poolKey: '',
    wakeRank: drawn.wakeRank,
    inFlight: isAwake ? drawn.inFlight : 0,
    held: isAwake ? 0 : drawn.held,
    suspectUntilMs: drawn.isSuspect && isAwake ? nowMs + 1 : 0,
    refusals: 0,
    wakeBarredUntilMs: drawn.isBarred ? nowMs + 1 : 0,
  }
}
function poolOf(places: readonly Place[]): Pool {
  const pool = newPool()
  for (const place of places) addPlace(pool, place, rankOf)
  return pool
}

/** The rules of platform-semantics §1.2 and §2 and of ADR 0008, one sentence after the other, without an eye on cost. */
function allowed(drawn: readonly Drawn[], wishes: Wishes): (choice: Choice) => boolean {
  const regions =
    wishes.forceRegions ??
    [...new Set([...(wishes.preferRegions ?? []), ...codes])].filter((code) => drawn.some(({ place }) => place.region === code))
  const all = drawn.map(({ place }) => place)
  const isUsable = (place: Place) => place.suspectUntilMs <= nowMs && !drawn.some((entry) => entry.place === place && entry.isTried)
  const inScope = all.filter((place) => regions.includes(place.region))
  const passing = inScope.filter((place) => place.kind === 'ready' && isUsable(place))
  const running = passing.length > 0 ? passing : inScope.filter((place) => place.kind === 'unproven' && isUsable(place))
  const belowSoft = (place: Place) => place.inFlight < place.softLimit && place.inFlight < place.hardLimit
  const belowHard = (place: Place) => place.inFlight < place.hardLimit

  const toWake = (region: string): Place | undefined => {
    const sleeping = all
      .filter((place) => place.region === region && (place.kind === 'asleep' || place.kind === 'arriving'))
      .filter((place) => place.autostart && place.wakeBarredUntilMs <= nowMs)
      .toSorted((a, b) => a.wakeRank - b.wakeRank || (a.machine < b.machine ? -1 : 1))
    const leastHeld = Math.min(...sleeping.filter((place) => place.held < place.hardLimit).map((place) => place.held))
    return (
      sleeping.find((place) => place.held < place.softLimit && place.held < place.hardLimit) ??
      sleeping.find((place) => place.held === leastHeld && place.held < place.hardLimit)
    )
  }
  const leastLoaded = (places: readonly Place[]) => places.filter((place) => place.inFlight === Math.min(...places.map((other) => other.inFlight)))

  const here = (region: string) => running.filter((place) => place.region === region)
  const wakeUpTo = (end: number) =>
    regions
      .slice(0, end + 1)
      .map(toWake)
      .find((place) => place !== undefined)
  const serving = regions.findIndex((region, at) => here(region).length > 0 && (here(region).some(belowHard) || wakeUpTo(at) !== undefined))
  if (serving >= 0) {
    const machines = here(regions[serving]!)
    const idle = leastLoaded(machines.filter(belowSoft))
    if (idle.length > 0) {
      const sleeper = wakeUpTo(serving - 1)
      const warm = sleeper !== undefined && sleeper.autostop !== 'off' ? sleeper : undefined
      return (choice) => choice.kind === 'go' && idle.includes(choice.place) && choice.warm === warm
    }
    const busy = leastLoaded(machines.filter(belowHard))
    const wake = wakeUpTo(serving)
    if (wake === undefined) return (choice) => choice.kind === 'go' && busy.includes(choice.place) && choice.warm === undefined
    return (choice) =>
      choice.kind === 'wake' &&
      choice.place === wake &&
      (busy.length === 0 ? choice.orElse === undefined : choice.orElse !== undefined && busy.includes(choice.orElse))
  }
  const wake = wakeUpTo(regions.length - 1)
  if (wake !== undefined) return (choice) => choice.kind === 'wake' && choice.place === wake && choice.orElse === undefined
  if (running.length > 0) return (choice) => choice.kind === 'queue' && choice.why === 'full'
  const suspects = inScope.filter((place) => (place.kind === 'ready' || place.kind === 'unproven') && belowHard(place))
  if (suspects.length > 0) return (choice) => choice.kind === 'ask' && suspects.includes(choice.place)
  return (choice) => choice.kind === 'queue' || choice.kind === 'none'
}

const drawnWishes = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Wishes>({}) },
  { weight: 1, arbitrary: fc.uniqueArray(fc.constantFrom(...codes), { maxLength: 3 }).map((preferRegions): Wishes => ({ preferRegions })) },
  {
    weight: 1,
    arbitrary: fc.uniqueArray(fc.constantFrom(...codes), { minLength: 1, maxLength: 2 }).map((forceRegions): Wishes => ({ forceRegions })),
  },
)

test('every choice is one that the slow reference allows', () => {
  fc.assert(
    fc.property(drawnPlaces, drawnWishes, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (drawn, wishes, die) => {
      const pool = poolOf(drawn.map(({ place }) => place))
      const tried = new Set(drawn.filter(({ isTried }) => isTried).map(({ place }) => place))
      const choice = choose(pool, wishes, { nowMs, random: () => die, tried })
      assert.ok(allowed(drawn, wishes)(choice), `not allowed: ${JSON.stringify(choice)}`)
    }),
    { numRuns: 5_000 },
  )
})

test('a pool that places joined and left in any order chooses as a fresh one', () => {
  fc.assert(
    fc.property(drawnPlaces, fc.array(fc.nat(8)), (drawn, leave) => {
      const places = drawn.map(({ place }) => place)
      const pool = poolOf(places)
      for (const at of leave) {
        const place = places[at]
        if (place === undefined) continue
        removePlace(pool, place)
        if (at % 2 === 0) addPlace(pool, place, rankOf)
      }
      const left = places.filter((place) => pool.places.has(place.machine))
      const shape = (given: Pool) =>
        given.regions.map(({ code, ready, unproven, critical, asleep }) => ({ code, asleep, others: new Set([...ready, ...unproven, ...critical]) }))
      assert.deepEqual(shape(pool), shape(poolOf(left)))
    }),
  )
})

test('equals take turns at random', () => {
  const places = [0, 1, 2, 3].map((at) => asPlace({ ...sample, region: 'fra' }, at))
  const pool = poolOf(places)
  const seen = new Set([0, 0.3, 0.6, 0.9].map((die) => place(choose(pool, {}, { nowMs, random: () => die }))))
  assert.equal(seen.size, 4)
})

test('a forced machine is the only one: asked for while asleep it is woken, at its limit it is waited for', () => {
  const idle = asPlace({ ...sample, region: 'fra' }, 0)
  const asleep = asPlace({ ...sample, region: 'cdg', kind: 'asleep' }, 1)
  const full = asPlace({ ...sample, region: 'fra', inFlight: 2, soft: 2, extra: 0 }, 2)
  const pool = poolOf([idle, asleep, full])
  const forced = (machine: string) => choose(pool, { forceMachine: machine }, { nowMs, random: () => 0 })
  assert.deepEqual(forced(asleep.machine), { kind: 'wake', place: asleep })
  assert.deepEqual(forced(full.machine), { kind: 'queue', why: 'full' })
  assert.deepEqual(forced(idle.machine), { kind: 'go', place: idle })
  assert.deepEqual(forced('ffffffffffffff'), { kind: 'none', why: 'no-machine' })
})

test('a preferred machine gets the request beyond its soft limit, and another one when it is full', () => {
  const idle = asPlace({ ...sample, region: 'fra' }, 0)
  const busy = asPlace({ ...sample, region: 'cdg', inFlight: 2, soft: 1, extra: 2 }, 1)
  const pool = poolOf([idle, busy])
  assert.equal(place(choose(pool, { preferMachine: busy.machine }, { nowMs, random: () => 0 })), busy)
  busy.inFlight = 3
  assert.equal(place(choose(pool, { preferMachine: busy.machine }, { nowMs, random: () => 0 })), idle)
})

test('autostart off: stopped machines are not woken, and the refusal says so', () => {
  const pool = poolOf([asPlace({ ...sample, region: 'fra', kind: 'asleep', autostart: false }, 0)])
  assert.deepEqual(choose(pool, {}, { nowMs, random: () => 0 }), { kind: 'none', why: 'not-startable' })
})

test('with every machine failing its checks, a request waits for one to recover', () => {
  const pool = poolOf([asPlace({ ...sample, region: 'fra', kind: 'critical' }, 0)])
  assert.deepEqual(choose(pool, {}, { nowMs, random: () => 0 }), { kind: 'queue', why: 'unhealthy' })
})

const sample = {
  region: 'fra',
  kind: 'ready' as PlaceKind,
  soft: 20,
  extra: Infinity,
  inFlight: 0,
  held: 0,
  autostart: true,
  autostop: 'stop' as const,
  wakeRank: 0,
  isSuspect: false,
  isBarred: false,
  isTried: false,
}
const place = (choice: Choice) => (choice.kind === 'go' ? choice.place : undefined)
