import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { decideExit, restartPolicyOf, restartWindowMs } from './restart-policy.ts'

const exit = (exitCode: number) => ({ exitCode, isOomKilled: false, isRequested: false, isHostLoss: false })
const machine = { autoDestroy: false, recentRestartsMs: [] as readonly number[] }

test('on-failure is the default: exit 0 stays stopped, others come back', () => {
  const policy = restartPolicyOf({ image: 'x' })
  assert.deepEqual(policy, { policy: 'on-failure', maxRetries: 10 })
  assert.equal(decideExit(policy, exit(0), machine, 0).verdict, 'stop')
  assert.deepEqual(decideExit(policy, exit(1), machine, 0), { verdict: 'restart', delayMs: 100, attempt: 1 })
  assert.equal(decideExit(policy, { ...exit(0), isOomKilled: true }, machine, 0).verdict, 'restart')
})

test('always comes back after exit 0, no never does, a requested stop ends both', () => {
  assert.equal(decideExit({ policy: 'always', maxRetries: 10 }, exit(0), machine, 0).verdict, 'restart')
  assert.equal(decideExit({ policy: 'no', maxRetries: 10 }, exit(1), machine, 0).verdict, 'stop')
  assert.equal(decideExit({ policy: 'always', maxRetries: 10 }, { ...exit(0), isRequested: true }, machine, 0).verdict, 'stop')
})

test('on-failure never restarts more than max_retries times within any five minutes', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 60_000 }), { maxLength: 80 }), fc.integer({ min: 0, max: 12 }), (gaps, maxRetries) => {
      let now = 0
      const restarts: number[] = []
      for (const gap of gaps) {
        now += gap
        if (decideExit({ policy: 'on-failure', maxRetries }, exit(1), { ...machine, recentRestartsMs: restarts }, now).verdict === 'restart')
          restarts.push(now)
      }
      for (const from of restarts) assert.ok(restarts.filter((time) => time >= from && time < from + restartWindowMs).length <= maxRetries)
    }),
  )
})

test('the loss of the host brings back what ran, except what is to be destroyed or never restarted', () => {
  const lost = { ...exit(0), isHostLoss: true }
  assert.equal(decideExit({ policy: 'on-failure', maxRetries: 0 }, lost, machine, 0).verdict, 'restart')
  assert.equal(decideExit({ policy: 'no', maxRetries: 0 }, lost, machine, 0).verdict, 'stop')
  assert.equal(decideExit({ policy: 'always', maxRetries: 0 }, lost, { ...machine, autoDestroy: true }, 0).verdict, 'destroy')
})
