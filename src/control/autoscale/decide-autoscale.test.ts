import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import type { MachineId, RegionCode } from '../../model/ids.ts'
import { decideAutoscale, type AutoscaleInput, type AutoscaleMachine } from './decide-autoscale.ts'

const fra = 'fra' as RegionCode
const cdg = 'cdg' as RegionCode
const options = { pressureMs: 3_000, restMs: 600_000, calmMs: 60_000 }
const machine = (id: string, more: Partial<AutoscaleMachine> = {}): AutoscaleMachine => ({
  id: id as MachineId,
  region: fra,
  readiness: 'serving',
  load: 0,
  softLimit: 10,
  isAnchored: false,
  ...more,
})
const resting = (id: string, sinceMs: number, more: Partial<AutoscaleMachine> = {}) =>
  machine(id, { readiness: 'reserve', restingSinceMs: sinceMs, ...more })
const input = (machines: readonly AutoscaleMachine[], more: Partial<AutoscaleInput> = {}): AutoscaleInput => ({
  nowMs: 1_000_000,
  policy: { mode: 'balanced', min: 1, max: 10 },
  regions: [fra, cdg],
  primaryRegion: fra,
  machines,
  demand: new Map(),
  isAutostopOff: false,
  isAllHeard: true,
  memory: undefined,
  options,
  ...more,
})
const demand = (of: Readonly<Record<string, number>>) => new Map(Object.entries(of).map(([region, load]) => [region as RegionCode, load]))
/** What is decided when this has lasted for the pressure's time. */
const pressed = (machines: readonly AutoscaleMachine[], more: Partial<AutoscaleInput> = {}) => {
  const before = input(machines, more)
  const { memory } = decideAutoscale(before)
  return decideAutoscale({ ...before, nowMs: before.nowMs + options.pressureMs, memory })
}

describe('making machines', () => {
  test('waits until all run and are over their soft limit, for a while', () => {
    const full = machine('a', { load: 12 })
    assert.deepEqual(decideAutoscale(input([full])).create, [])
    assert.deepEqual(pressed([full]).create, [cdg])
    assert.deepEqual(pressed([full, machine('b', { load: 9.9 })]).create, [], 'one has room')
    assert.deepEqual(pressed([full, resting('b', 0)]).create, [], 'one sleeps, and is woken first')
    assert.deepEqual(pressed([full, machine('b', { readiness: 'none' })]).create, [cdg], 'one that failed is no help')
    assert.deepEqual(pressed([machine('a', { readiness: 'none' })]).create, [], 'nothing serves: more of the same would not either')
  })
  test('makes as many as the load needs, at most twice what serves, never beyond the maximum', () => {
    assert.equal(pressed([machine('a', { load: 25 })]).create.length, 1)
    assert.equal(pressed([machine('a', { load: 25 }), machine('b', { load: 25 })]).create.length, 2)
    assert.equal(pressed([machine('a', { load: 25 }), machine('b', { load: 25 })], { policy: { mode: 'balanced', min: 1, max: 3 } }).create.length, 1)
    assert.equal(pressed([machine('a', { load: 99 })], { policy: { mode: 'balanced', min: 1, max: 1 } }).create.length, 0)
  })
  test('balanced puts them where the load comes from, standard where the fewest are', () => {
    const full = [machine('a', { load: 30 }), machine('b', { load: 30 })]
    assert.deepEqual(pressed(full, { demand: demand({ cdg: 60 }) }).create, [cdg, cdg])
    assert.deepEqual(
      pressed([...full, machine('c', { load: 30, region: cdg })], {
        demand: demand({ fra: 60, cdg: 30 }),
        policy: { mode: 'standard', min: 1, max: 4 },
      }).create,
      [cdg],
    )
    assert.deepEqual(pressed(full, { policy: { mode: 'standard', min: 1, max: 10 }, demand: demand({ fra: 60 }) }).create, [cdg, cdg])
  })
  test('balanced looks at each region by itself: one that rests elsewhere is no help to an edge whose own machines are over their soft limit', () => {
    const busy = [resting('a', 900_000), machine('b', { region: cdg, load: 25 })]
    assert.deepEqual(pressed(busy, { demand: demand({ cdg: 25 }) }).create, [cdg])
    assert.deepEqual(pressed(busy, { demand: demand({ cdg: 25 }), policy: { mode: 'standard', min: 1, max: 10 } }).create, [])
    const sleeper = [machine('a', { load: 25 }), resting('b', 900_000, { region: cdg })]
    assert.deepEqual(pressed(sleeper, { demand: demand({ cdg: 25 }) }).create, [], 'the edge of cdg wakes its own')
  })
  test('makes up for what is missing to the minimum at once', () => {
    assert.deepEqual(decideAutoscale(input([machine('a')], { policy: { mode: 'standard', min: 4, max: 10 } })).create, [cdg, fra, cdg])
  })
})

describe('destroying machines', () => {
  const destroyed = (machines: readonly AutoscaleMachine[], more: Partial<AutoscaleInput> = {}) => decideAutoscale(input(machines, more)).destroy
  test('takes one that has rested for long, not before, down to the minimum', () => {
    assert.equal(destroyed([resting('a', 0), resting('b', 400_001)]), 'a')
    assert.equal(destroyed([resting('a', 400_001), resting('b', 400_001)]), undefined)
    assert.equal(destroyed([resting('a', 0)]), undefined)
  })
  test('never takes one that serves, has a volume or stands by, nor any while an edge is silent or all are full', () => {
    assert.equal(destroyed([machine('a'), machine('b')]), undefined)
    assert.equal(destroyed([resting('a', 0, { isAnchored: true }), machine('b')]), undefined)
    assert.equal(destroyed([resting('a', 0), machine('b')], { isAllHeard: false }), undefined)
  })
  test('balanced keeps machines where load is, of equals those of the primary region, and the oldest', () => {
    const three = [resting('a', 0), resting('b', 0), resting('c', 0, { region: cdg })]
    assert.equal(destroyed(three), 'c')
    assert.equal(destroyed(three, { demand: demand({ cdg: 1 }) }), 'b')
    assert.equal(destroyed([resting('a', 0), machine('c', { region: cdg })]), undefined, 'the one to go has not rested yet')
    assert.equal(destroyed(three, { policy: { mode: 'standard', min: 1, max: 10 } }), 'b', 'standard evens out')
  })
  test('keeps the last one of the primary region, where an app comes home to', () => {
    const moved = [resting('a', 0), machine('b', { region: cdg, load: 5 })]
    assert.equal(destroyed(moved, { demand: demand({ cdg: 5 }) }), undefined)
    assert.equal(destroyed(moved, { demand: demand({ cdg: 5 }), regions: [cdg] }), 'a', 'unless it is not in the pool any more')
  })
  test('is slower the next time when what was destroyed was needed soon after', () => {
    const first = decideAutoscale(input([resting('a', 0), resting('b', 0)]))
    const soon = { nowMs: 1_300_000, memory: first.memory }
    const again = pressed([machine('a', { load: 20 })], soon)
    assert.equal(again.memory.patienceMs, 2 * options.restMs)
    assert.equal(
      destroyed([resting('a', 2_000_000), resting('b', 2_000_000)], { nowMs: 2_000_000 + options.restMs, memory: again.memory }),
      undefined,
    )
  })
})

describe('where autostop is off', () => {
  const stopped = (loads: readonly number[], more: Partial<AutoscaleInput> = {}) => {
    const before = input(
      loads.map((load, index) => machine(`m${index}`, { load })),
      { isAutostopOff: true, ...more },
    )
    const { memory } = decideAutoscale(before)
    return decideAutoscale({ ...before, nowMs: before.nowMs + options.calmMs, memory }).stop
  }
  test('one is stopped when the others would do with room to spare, for a while, and the minimum goes on serving', () => {
    assert.equal(stopped([3, 3]), 'm1')
    assert.equal(stopped([4, 4]), undefined)
    assert.equal(stopped([0]), undefined)
    assert.equal(stopped([0, 0], { policy: { mode: 'balanced', min: 2, max: 4 } }), undefined)
    assert.equal(stopped([3, 3], { isAutostopOff: false }), undefined)
    assert.equal(stopped([3, 3], { isAllHeard: false }), undefined)
  })
})

test('whatever the machines are like: the bounds hold, and nothing that serves or is anchored is destroyed', () => {
  const anyMachine = fc.record({
    region: fc.constantFrom(fra, cdg, 'iad' as RegionCode),
    readiness: fc.constantFrom('serving' as const, 'reserve' as const, 'none' as const),
    load: fc.double({ min: 0, max: 50, noNaN: true }),
    isAnchored: fc.boolean(),
    restedMs: fc.nat(2_000_000),
  })
  fc.assert(
    fc.property(
      fc.array(anyMachine, { maxLength: 12 }),
      fc.record({ min: fc.integer({ min: 1, max: 5 }), more: fc.nat(6), mode: fc.constantFrom('balanced' as const, 'standard' as const) }),
      fc.boolean(),
      fc.boolean(),
      fc.nat(9_000),
      (list, { min, more, mode }, isAutostopOff, isAllHeard, pressedForMs) => {
        const machines = list.map(({ restedMs, ...rest }, index) =>
          machine(`m${index}`, { ...rest, ...(rest.readiness === 'serving' ? {} : { restingSinceMs: 1_000_000 - restedMs }) }),
        )
        const policy = { min, max: min + more, mode }
        const memory = { patienceMs: options.restMs, pressedSinceMs: 1_000_000 - pressedForMs, calmSinceMs: 0 }
        const decision = decideAutoscale(input(machines, { policy, isAutostopOff, isAllHeard, memory }))
        assert.ok(decision.create.length === 0 || machines.length + decision.create.length <= policy.max)
        assert.ok([decision.create.length > 0, decision.destroy !== undefined, decision.stop !== undefined].filter(Boolean).length <= 1)
        if (machines.length >= min && decision.create.length > 0) {
          const isFull = (each: AutoscaleMachine) => each.readiness === 'none' || (each.readiness === 'serving' && each.load >= each.softLimit)
          const groups = mode === 'standard' ? [machines] : [...Map.groupBy(machines, (each) => each.region).values()]
          assert.ok(groups.some((group) => group.every(isFull)))
          for (const region of decision.create) assert.ok(machines.every((each) => each.region !== region || each.readiness !== 'reserve'))
        }
        const gone = machines.find((each) => each.id === decision.destroy)
        if (gone) assert.ok(machines.length > min && !gone.isAnchored && gone.readiness !== 'serving' && isAllHeard)
        const ended = machines.find((each) => each.id === decision.stop)
        if (ended) assert.ok(!ended.isAnchored && isAutostopOff && machines.filter((each) => each.readiness === 'serving').length > min)
      },
    ),
  )
})
