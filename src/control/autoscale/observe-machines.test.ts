import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppName, MachineId, RegionCode } from '../../model/ids.ts'
import type { ObservedMachine } from '../../model/machine/machine-record.ts'
import { knownRegions } from '../../model/region/region-catalogue.ts'
import { demandOf, readinessOf, softLimitOf } from './observe-machines.ts'

const config = { image: 'x', services: [{ concurrency: { soft_limit: 5 } }, { concurrency: { soft_limit: 3 } }] }
const observed = (more: Partial<ObservedMachine>) =>
  ({ state: 'started', draining: false, cordoned: false, checks: [], ...more }) as unknown as ObservedMachine
const readiness = (more: Partial<ObservedMachine>, sinceMs = 0, nowMs = 100_000) => readinessOf(observed(more), config, sinceMs, nowMs).readiness
const critical = { name: 'c', status: 'critical' as const, output: '', updatedAt: '', servicePort: 8080 }

test('a machine serves when it is started, open, healthy and in the edges; one on its way, or asleep, is a reserve', () => {
  assert.equal(readiness({}), 'serving')
  assert.equal(readiness({ isOpen: false }), 'reserve')
  assert.equal(readiness({ draining: true }), 'reserve')
  assert.equal(readiness({ state: 'starting' }), 'reserve')
  assert.equal(readiness({ state: 'suspended' }), 'reserve')
  assert.equal(readinessOf(undefined, config, 0, 0).readiness, 'reserve')
  assert.equal(readiness({ cordoned: true }), 'none')
  assert.equal(readiness({ state: 'failed' }), 'none')
  assert.equal(readinessOf(observed({ state: 'stopped' }), { image: 'x', services: [{ autostart: false }] }, 0, 0).readiness, 'none')
})
test('a machine that fails its checks gets half a minute before it counts as no help', () => {
  assert.equal(readiness({ checks: [critical] }, 90_000), 'reserve')
  assert.equal(readiness({ checks: [critical] }, 70_000), 'none')
})
test('only what does not run rests, since it was last seen to change', () => {
  assert.deepEqual(readinessOf(observed({ state: 'stopped' }), config, 7, 100), { readiness: 'reserve', restingSinceMs: 7 })
  assert.equal(readinessOf(observed({}), config, 7, 100).restingSinceMs, undefined)
})
test('the least soft limit of its services fills a machine', () => {
  assert.equal(softLimitOf(config), 3)
})
test('requests in flight and held count for the region of the pool nearest to their edge, and only the group’s machines', () => {
  const code = (text: string) => text as RegionCode
  const id = (text: string) => text as MachineId
  const edge = (region: string, inFlight: Record<string, number>, held = 0) => ({
    region: code(region),
    inFlight: new Map(Object.entries(inFlight).map(([name, count]) => [id(name), count])),
    held: new Map([['web' as AppName, held]]),
  })
  const edges = [edge('fra', { a: 2, other: 9 }), edge('cdg', { a: 1, b: 3 }, 4), edge('ams', { a: 5 }), edge('nowhere', { b: 1 })]
  const demand = demandOf(edges, 'web' as AppName, new Set([id('a'), id('b')]), [code('fra'), code('cdg')], knownRegions)
  assert.deepEqual(Object.fromEntries(demand), { fra: 2 + 5 + 1, cdg: 1 + 3 + 4 })
})
