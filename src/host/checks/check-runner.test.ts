import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ManualClock } from '../../../test/testkit/manual-clock.ts'
import type { CheckStatus } from '../../model/machine/machine-record.ts'
import type { MachineRow } from '../machines/machine-row.ts'
import { stepCheck, unchecked, type CheckLife } from './check-life.ts'
import { openCheckRunner } from './check-runner.ts'

const check = { intervalMs: 10_000, graceMs: 2_000 }
const ok = { ok: true, output: 'HTTP 200' }
const bad = { ok: false, output: 'HTTP 500' }

test('a check is asked every 100 ms until its first success, then at its interval', () => {
  assert.equal(stepCheck(unchecked, check, bad, 500).pauseMs, 100)
  const passed = stepCheck(unchecked, check, ok, 600)
  assert.deepEqual([passed.life.status, passed.pauseMs], ['passing', 10_000])
  assert.deepEqual(stepCheck(passed.life, check, bad, 11_000), {
    life: { status: 'critical', output: 'HTTP 500', hasPassed: true },
    pauseMs: 10_000,
  })
})

test('failures before the first success are warnings within the grace period and critical after it', () => {
  assert.equal(stepCheck(unchecked, check, bad, 1_999).life.status, 'warning')
  assert.equal(stepCheck(unchecked, check, bad, 2_000).life.status, 'critical')
})

test('a program that never comes up is asked at its interval after half a minute', () => {
  assert.equal(stepCheck(unchecked, check, bad, 30_000).pauseMs, 10_000)
})

test('a check passes exactly when its last result was a success', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1 }), (results) => {
      let life: CheckLife = unchecked
      for (const [at, success] of results.entries()) life = stepCheck(life, check, success ? ok : bad, at * 1_000).life
      assert.equal(life.status === 'passing', results.at(-1))
    }),
  )
})

const rowOf = (state: 'started' | 'stopped' | 'suspended', runId: string, checks: readonly CheckStatus[] = []) =>
  ({
    desired: {
      id: 'aaaaaaaaaaaaaa',
      instanceId: 'v1',
      config: { image: 'x', services: [{ internal_port: 80, checks: [{ type: 'tcp', interval: '10s' }] }] },
    },
    state,
    checks,
    endpoint: { address: '127.0.0.2' },
    run: { runId, orderedAtMs: new ManualClock().now() },
  }) as unknown as MachineRow

test('only changes are told, and only while the machine is started', async () => {
  const clock = new ManualClock()
  const told: string[] = []
  let result = bad
  let probes = 0
  using runner = openCheckRunner({
    clock,
    probe: async () => {
      probes++
      return result
    },
    fraction: () => 0.5,
    report: (_id, runId, statuses) => told.push(`${runId} ${statuses.map((status) => status.status).join()}`),
  })
  runner.follow(rowOf('started', 'r1'))
  await clock.advance(500)
  assert.deepEqual(told, ['r1 warning'])
  result = ok
  await clock.advance(30_000)
  assert.deepEqual(told, ['r1 warning', 'r1 passing'])
  assert.ok(probes < 12, `${probes} probes`)
  runner.follow(rowOf('suspended', 'r1'))
  const before = probes
  result = bad
  await clock.advance(60_000)
  assert.equal(probes, before)
  assert.equal(told.length, 2)
})

test('after a restart of the host a passing check stays passing until a result says otherwise', async () => {
  const clock = new ManualClock()
  const told: string[] = []
  using runner = openCheckRunner({
    clock,
    probe: async () => ok,
    fraction: () => 0.5,
    report: (_id, _runId, statuses) => told.push(statuses.map((status) => status.status).join()),
  })
  runner.follow(rowOf('started', 'r1', [{ name: 'servicecheck-00-tcp-80', status: 'passing', output: '', updatedAt: '', servicePort: 80 }]))
  await clock.advance(60_000)
  assert.deepEqual(told, [])
})
