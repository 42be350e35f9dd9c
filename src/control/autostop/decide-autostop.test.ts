import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import type { AppName, MachineId, RegionCode } from '../../model/ids.ts'
import { autostopPolicy, decideAutostop, type AutostopInput, type AutostopMachine } from './decide-autostop.ts'

const fra = 'fra' as RegionCode
const cdg = 'cdg' as RegionCode
const web = 'web' as AppName
const policy = { mode: 'stop', softLimit: 10, minMachinesRunning: 0 } as const
const idleMs = 10_000

const machine = (id: string, more: Partial<AutostopMachine> = {}): AutostopMachine => ({
  id: id as MachineId,
  app: web,
  region: fra,
  state: 'started',
  isDraining: false,
  policy,
  softLimit: 10,
  startedAtMs: 0,
  inFlight: 0,
  webSockets: 0,
  usedAtMs: 0,
  spareUntilMs: 0,
  ...more,
})
const input = (machines: readonly AutostopMachine[], more: Partial<AutostopInput> = {}): AutostopInput => ({
  nowMs: 100_000,
  machines,
  primaryRegionOf: () => fra,
  idleMs,
  minUptimeMs: 5_000,
  excessSince: new Map(),
  ...more,
})
const stopped = (machines: readonly AutostopMachine[], more?: Partial<AutostopInput>) =>
  decideAutostop(input(machines, more)).stop.map(({ id }) => id)

describe('autostop', () => {
  test('takes the last machine of a region when it had no request for the idle time, not before', () => {
    assert.deepEqual(stopped([machine('a', { usedAtMs: 90_000 })]), ['a'])
    assert.deepEqual(stopped([machine('a', { usedAtMs: 90_001 })]), [])
    assert.deepEqual(stopped([machine('a', { inFlight: 1 })]), [])
  })
  test('counts an open WebSocket as use', () => {
    assert.deepEqual(stopped([machine('a', { webSockets: 1, inFlight: 1 })]), [])
    assert.deepEqual(stopped([machine('a', { webSockets: 1 })]), [])
  })
  test('leaves a machine that was just started, that is spared, or that has no policy', () => {
    assert.deepEqual(stopped([machine('a', { startedAtMs: 96_000 })]), [])
    assert.deepEqual(stopped([machine('a', { spareUntilMs: 100_001 })]), [])
    assert.deepEqual(stopped([machine('a', { policy: undefined })]), [])
  })
  test('takes one of several when there are more than those over their soft limit and one, for as long as the idle time', () => {
    const busy = [machine('a', { inFlight: 3, usedAtMs: 100_000 }), machine('b', { inFlight: 1, usedAtMs: 100_000 })]
    const first = decideAutostop(input(busy))
    assert.deepEqual(first.stop, [])
    assert.deepEqual(stopped(busy, { nowMs: 109_999, excessSince: first.excessSince }), [])
    assert.deepEqual(stopped(busy, { nowMs: 110_000, excessSince: first.excessSince }), ['b'], 'the least loaded')
    const full = [machine('a', { inFlight: 10, usedAtMs: 100_000 }), machine('b', { inFlight: 1, usedAtMs: 100_000 })]
    assert.deepEqual(decideAutostop(input(full, { nowMs: 110_000, excessSince: first.excessSince })), { stop: [], excessSince: new Map() })
  })
  test('takes one at a time and looks at each region and app by itself', () => {
    const idle = [machine('a'), machine('b'), machine('c', { region: cdg }), machine('d', { app: 'other' as AppName })]
    assert.deepEqual(stopped(idle), ['a', 'c', 'd'])
    assert.deepEqual(stopped([machine('a', { isDraining: true }), machine('b')]), [])
  })
  test('keeps min_machines_running in the primary region only', () => {
    const kept = { ...policy, minMachinesRunning: 1 }
    assert.deepEqual(stopped([machine('a', { policy: kept }), machine('b', { policy: kept })]), ['a'])
    assert.deepEqual(stopped([machine('a', { policy: kept })]), [])
    assert.deepEqual(stopped([machine('a', { policy: kept, region: cdg })]), ['a'])
  })
  test('over hours of random load never touches what is in use, never goes below the minimum, and ends at it without load', () => {
    const minimum = 1
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.nat(7200), lasts: fc.integer({ min: 1, max: 600 }), load: fc.integer({ min: 1, max: 40 }) })),
        (bursts) => {
          const running = new Map([0, 1, 2, 3].map((number) => [`m${number}` as MachineId, { usedAtMs: 0, startedAtMs: 0 }]))
          let excessSince: ReadonlyMap<string, number> = new Map()
          for (let second = 0; second < 7900; second++) {
            const nowMs = second * 1000
            const load = bursts.reduce((sum, burst) => (second >= burst.at && second < burst.at + burst.lasts ? sum + burst.load : sum), 0)
            // The edge starts a machine when all are at their soft limit.
            if (load > running.size * 10 && running.size < 4) {
              const free = ['m0', 'm1', 'm2', 'm3'].find((id) => !running.has(id as MachineId)) as MachineId
              running.set(free, { usedAtMs: nowMs, startedAtMs: nowMs })
            }
            const machines = [...running].map(([id, seen], at) => {
              const inFlight = Math.floor(load / running.size) + (at < load % running.size ? 1 : 0)
              if (inFlight > 0) seen.usedAtMs = nowMs
              return machine(id, { ...seen, inFlight, policy: { ...policy, minMachinesRunning: minimum } })
            })
            const decision = decideAutostop(input(machines, { nowMs, excessSince }))
            excessSince = decision.excessSince
            assert.ok(decision.stop.length <= 1)
            for (const { id } of decision.stop) {
              const left = machines.filter((other) => other.id !== id)
              assert.ok(left.length >= minimum)
              const overSoft = machines.filter((other) => other.inFlight >= 10).length
              assert.ok(overSoft + 1 < machines.length || machines.find((other) => other.id === id)!.inFlight === 0)
              running.delete(id)
            }
          }
          assert.equal(running.size, minimum)
        },
      ),
      { numRuns: 15 },
    )
  })
})

test('the most restrictive service decides, and a machine without services is left alone', () => {
  const config = (...autostop: readonly (boolean | string)[]) => ({ image: 'x', services: autostop.map((value) => ({ autostop: value })) })
  assert.equal(autostopPolicy(config()), undefined)
  assert.equal(autostopPolicy(config(true, 'off')), undefined)
  assert.equal(autostopPolicy(config('suspend', true))?.mode, 'stop')
  assert.equal(autostopPolicy(config('suspend', 'suspend'))?.mode, 'suspend')
})
