import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import type { MachineId, RegionCode } from '../ids.ts'
import { planSpread, type SpreadInput } from './plan-spread.ts'

const code = (text: string) => text as RegionCode
const fra = code('fra')
const cdg = code('cdg')
const iad = code('iad')
const all = [fra, cdg, iad, code('nrt')]
const at = (...regions: readonly RegionCode[]) => regions.map((region, index) => ({ id: `m${index}` as MachineId, region, isAnchored: false }))
const spread = (machines: SpreadInput['machines'], count: number, regions: readonly RegionCode[], more: Partial<SpreadInput> = {}) =>
  planSpread({ machines, count, regions, ...more })

describe('spreading over a region pool', () => {
  test('gives every region its share, the odd ones to those that have machines, then in list order', () => {
    assert.deepEqual(spread([], 5, [fra, cdg, iad]).counts, { fra: 2, cdg: 2, iad: 1 })
    assert.deepEqual(spread(at(iad, iad, iad), 4, [fra, cdg, iad]).counts, { fra: 1, cdg: 1, iad: 2 })
    assert.deepEqual(spread(at(iad), 1, [fra, cdg, iad]), { create: [], destroy: [], counts: { fra: 0, cdg: 0, iad: 1 } })
  })
  test('keeps the total when a region is added or removed, and moves as few machines as it can', () => {
    const added = spread(at(fra, fra, fra, fra), 4, [fra, cdg])
    assert.deepEqual([added.create, added.destroy, added.counts], [[cdg, cdg], ['m2', 'm3'], { fra: 2, cdg: 2 }])
    const removed = spread(at(fra, cdg, cdg, fra), 4, [cdg])
    assert.deepEqual(
      [removed.create, removed.destroy],
      [
        [cdg, cdg],
        ['m0', 'm3'],
      ],
    )
  })
  test('moves no machine that is anchored, and gives the others the places that are left', () => {
    const anchored = at(fra, fra, fra, cdg).map((machine) => (machine.region === fra ? { ...machine, isAnchored: true } : machine))
    assert.deepEqual(spread(anchored, 4, [cdg, iad]).counts, { cdg: 1, iad: 0, fra: 3 })
    assert.deepEqual(spread(anchored, 4, [cdg, iad]).destroy, [])
    assert.deepEqual(spread(anchored, 2, [fra, cdg]).destroy, ['m2', 'm3'], 'fewer are wanted than are anchored')
  })
  test('leaves machines where they are in a group that follows its load, unless their region is gone', () => {
    assert.deepEqual(spread(at(fra, fra, fra), 3, [fra, cdg], { keepsPlace: true }).create, [])
    assert.deepEqual(spread(at(fra, fra, iad), 3, [fra, cdg], { keepsPlace: true }).create, [cdg])
  })
  test('refuses a count that does not fit under the maximum per region', () => {
    assert.throws(() => spread([], 5, [fra, cdg], { maxPerRegion: 2 }), /allowed is at most 4/)
  })

  const machineList = fc
    .array(fc.record({ region: fc.constantFrom(...all), isAnchored: fc.boolean() }), { maxLength: 30 })
    .map((list) => list.map((machine, index) => ({ ...machine, id: `m${index}` as MachineId })))
  const pools = fc.uniqueArray(fc.constantFrom(...all), { minLength: 1 })

  test('reaches exactly the count, uses the pool only, and never both adds and takes away in one region', () => {
    fc.assert(
      fc.property(machineList, pools, fc.integer({ min: 0, max: 40 }), fc.boolean(), (machines, regions, count, keepsPlace) => {
        const plan = spread(machines, count, regions, { keepsPlace })
        const gone = new Set(plan.destroy)
        const left = machines.filter((machine) => !gone.has(machine.id))
        assert.equal(left.length + plan.create.length, count)
        for (const region of plan.create) assert.ok(regions.includes(region))
        for (const region of all) {
          const after = left.filter((machine) => machine.region === region).length + plan.create.filter((made) => made === region).length
          assert.equal(after, plan.counts[region] ?? 0)
          const isTakenFrom = machines.some((machine) => machine.region === region && gone.has(machine.id))
          assert.ok(!isTakenFrom || !plan.create.includes(region))
          if (!regions.includes(region)) assert.ok(left.every((machine) => machine.region !== region || machine.isAnchored))
        }
        const anchored = machines.filter((machine) => machine.isAnchored).length
        if (count >= anchored && !keepsPlace) assert.ok(machines.every((machine) => !machine.isAnchored || !gone.has(machine.id)))
      }),
    )
  })
  test('regions differ by at most one when nothing is anchored, and a second look changes nothing', () => {
    fc.assert(
      fc.property(machineList, pools, fc.integer({ min: 0, max: 40 }), (list, regions, count) => {
        const machines = list.map((machine) => ({ ...machine, isAnchored: false }))
        const plan = spread(machines, count, regions)
        const shares = regions.map((region) => plan.counts[region]!)
        assert.ok(Math.max(...shares) - Math.min(...shares) <= 1)
        const after = [
          ...machines.filter((machine) => !plan.destroy.includes(machine.id)),
          ...plan.create.map((region, index) => ({ id: `n${index}` as MachineId, region, isAnchored: false })),
        ]
        const again = spread(after, count, regions)
        assert.deepEqual([again.create, again.destroy], [[], []])
      }),
    )
  })
})
