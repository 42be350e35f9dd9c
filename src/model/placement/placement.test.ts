import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { isFault } from '../fault/fault.ts'
import type { HostId, MachineId, RegionCode } from '../ids.ts'
import { knownRegions } from '../region/region-catalogue.ts'
import { placeMachine, type HostLoad } from './place-machine.ts'
import { planScale } from './plan-scale.ts'
import { geoRegionOf, preferredRegions } from './region-preference.ts'

const code = (text: string) => text as RegionCode
const regionCodes = ['fra', 'cdg', 'iad', 'nrt', 'gru'].map(code)
const available = regionCodes.map((region) => knownRegions.find((known) => known.code === region)!)

describe('a region preference', () => {
  test('lists codes in their order, then what an alias names in the platform’s order, each once', () => {
    assert.deepEqual(preferredRegions('iad, eu,any', available), ['iad', 'fra', 'cdg', 'nrt', 'gru'])
    assert.deepEqual(preferredRegions('apac', available), ['nrt'])
    assert.deepEqual(preferredRegions('us', available), ['iad'])
    assert.deepEqual(preferredRegions('sa', available), ['gru'])
  })
  test('that names no region with a host is a fault which lists those there are', () => {
    assert.throws(() => preferredRegions('ams', available), /no host in region ams; this platform has fra, cdg/)
    assert.throws(
      () => preferredRegions('constructor', available),
      (error) => isFault(error, 'no_host_in_region'),
    )
  })
  test('every known region lies in some part of the world', () => {
    const counts = Object.groupBy(knownRegions, geoRegionOf)
    assert.deepEqual(Object.keys(counts).toSorted(), ['africa', 'asia_pacific', 'europe', 'north_america', 'south_america'])
    assert.deepEqual(
      counts['africa']?.map((region) => region.code),
      ['jnb'],
    )
  })
})

describe('placing', () => {
  const host = (id: string, region: string, machinesOfApp: number, machines = machinesOfApp, isReachable = true): HostLoad => ({
    id: id as HostId,
    region: code(region),
    isReachable,
    machines,
    machinesOfApp,
  })
  test('takes the first region with a reachable host, and there the one with the fewest machines of the app', () => {
    const hosts = [host('f1', 'fra', 0, 0, false), host('c1', 'cdg', 2), host('c2', 'cdg', 1, 9), host('c3', 'cdg', 1, 5)]
    assert.equal(placeMachine([code('fra'), code('cdg')], hosts).id, 'c3')
  })
  test('spreads machines over the hosts of a region, never differing by more than one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 40 }), (hostCount, machines) => {
        const loads = new Map(Array.from({ length: hostCount }, (_, at) => [`h${at}`, 0]))
        for (let made = 0; made < machines; made++) {
          const { id } = placeMachine(
            [code('fra')],
            [...loads].map(([name, load]) => host(name, 'fra', load)),
          )
          loads.set(id, loads.get(id)! + 1)
        }
        assert.ok(Math.max(...loads.values()) - Math.min(...loads.values()) <= 1)
      }),
    )
  })
  test('says that hosts do not answer when the region has some, and which regions there are when it has none', () => {
    assert.throws(
      () => placeMachine([code('fra')], [host('f1', 'fra', 0, 0, false)]),
      (error) => isFault(error, 'host_unreachable'),
    )
    assert.throws(
      () => placeMachine([code('fra')], [host('c1', 'cdg', 0)]),
      (error) => isFault(error, 'no_host_in_region'),
    )
  })
})

describe('scale count', () => {
  const at = (...regions: string[]) => regions.map((region, index) => ({ id: `m${index}` as MachineId, region: code(region) }))
  test('adds round the regions in list order', () => {
    assert.deepEqual(planScale({ machines: at('fra'), count: 4, regions: [code('fra'), code('cdg')] }).create, ['fra', 'cdg', 'fra'])
  })
  test('takes away round the regions from the end of the list, the newest machines first', () => {
    const machines = at('fra', 'cdg', 'fra', 'cdg')
    assert.deepEqual(planScale({ machines, count: 1, regions: [code('fra'), code('cdg')] }).destroy.toSorted(), ['m1', 'm2', 'm3'])
    assert.deepEqual(planScale({ machines, count: 3, regions: [code('fra'), code('cdg')] }).destroy, ['m3'])
  })
  test('leaves machines of other regions alone', () => {
    const plan = planScale({ machines: at('iad', 'fra'), count: 2, regions: [code('fra')] })
    assert.deepEqual([plan.create, plan.destroy], [['fra'], []])
  })
  test('trims regions above the maximum and refuses a count that does not fit under it', () => {
    const machines = at('fra', 'fra', 'fra')
    const plan = planScale({ machines, count: 4, regions: [code('fra'), code('cdg')], maxPerRegion: 2 })
    assert.deepEqual(plan.counts, { fra: 2, cdg: 2 })
    assert.throws(() => planScale({ machines, count: 5, regions: [code('fra'), code('cdg')], maxPerRegion: 2 }), /allowed is at most 4/)
  })
  test('reaches exactly the count in the regions it was given, and never both adds and takes away in one region', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...regionCodes), { maxLength: 30 }),
        fc.uniqueArray(fc.constantFrom(...regionCodes), { minLength: 1 }),
        fc.integer({ min: 0, max: 30 }),
        fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
        (have, regions, count, maxPerRegion) => {
          fc.pre(maxPerRegion === undefined || regions.length * maxPerRegion >= count)
          const machines = at(...have)
          const plan = planScale({ machines, count, regions, ...(maxPerRegion === undefined ? {} : { maxPerRegion }) })
          const gone = new Set(plan.destroy)
          const left = machines.filter((machine) => !gone.has(machine.id))
          assert.equal(gone.size, plan.destroy.length)
          for (const region of regionCodes) {
            const after = left.filter((machine) => machine.region === region).length + plan.create.filter((made) => made === region).length
            if (regions.includes(region)) assert.equal(after, plan.counts[region])
            else assert.equal(after, have.filter((made) => made === region).length)
            if (maxPerRegion !== undefined && regions.includes(region)) assert.ok(after <= maxPerRegion)
            const ended = machines.filter((machine) => gone.has(machine.id) && machine.region === region)
            assert.ok(ended.length === 0 || !plan.create.includes(region))
          }
          assert.equal(
            Object.values(plan.counts).reduce((sum, value) => sum + value, 0),
            count,
          )
        },
      ),
    )
  })
})
