import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isFault } from '../fault/fault.ts'
import type { InstanceId, LeaseNonce, MachineId } from '../ids.ts'
import { eventsAfter, exitEventOf, withEvent } from './machine-events.ts'
import { machineEnv } from './machine-env.ts'
import { checkLease, takeLease } from './machine-lease.ts'
import type { DesiredMachine, MachineEvent } from './machine-record.ts'
import { nextDueMs, parseSchedule, schedules } from './machine-schedule.ts'
import { signalName, stopConfigOf } from './stop-config.ts'

const id = '148ed21a031d89' as MachineId
const nonce = 'aabbcc' as LeaseNonce
const version = '01JD0000000000000000000000' as InstanceId
const isCode = (code: string) => (error: unknown) => isFault(error) && error.code === code

test('an hourly, daily or weekly machine is due at whole periods from its anchor, always later than asked', () => {
  fc.assert(
    fc.property(fc.constantFrom(...schedules), fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 0, max: 1e11 }), (schedule, anchor, later) => {
      const due = nextDueMs(schedule, anchor, anchor + later)
      assert.ok(due > anchor + later)
      assert.ok(due - (anchor + later) <= 32 * 86_400_000)
      if (schedule === 'daily') assert.equal((due - anchor) % 86_400_000, 0)
    }),
  )
})

test('a monthly machine of the 31st runs on the last day of shorter months', () => {
  const anchor = Date.UTC(2026, 0, 31, 6, 30)
  const february = nextDueMs('monthly', anchor, anchor)
  assert.equal(new Date(february).toISOString(), '2026-02-28T06:30:00.000Z')
  assert.equal(new Date(nextDueMs('monthly', anchor, february)).toISOString(), '2026-03-31T06:30:00.000Z')
  assert.throws(() => parseSchedule('yearly'), isCode('invalid_value'))
})

test('signals are taken as name, short name or number; others are refused', () => {
  assert.deepEqual(
    ['SIGTERM', 'term', 9].map((signal) => signalName('signal', signal)),
    ['SIGTERM', 'SIGTERM', 'SIGKILL'],
  )
  assert.throws(() => signalName('signal', 'SIGNONE'), isCode('invalid_value'))
  assert.throws(() => signalName('signal', 77), isCode('invalid_value'))
})

test('a stop is SIGINT with five seconds, the config and the caller may say otherwise, 300 s is the most', () => {
  assert.deepEqual(stopConfigOf({ image: 'x' }), { signal: 'SIGINT', timeoutMs: 5000 })
  assert.deepEqual(stopConfigOf({ image: 'x', stop_config: { signal: 'SIGTERM', timeout: '20m' } }), { signal: 'SIGTERM', timeoutMs: 300_000 })
  assert.deepEqual(stopConfigOf({ image: 'x', stop_config: { timeout: 2e9 } }, { signal: 'SIGQUIT' }), { signal: 'SIGQUIT', timeoutMs: 2000 })
})

test('a leased machine is changed with its nonce only, until the lease ends', () => {
  const wish = { ttlMs: 13_000, owner: 'me', description: '', newNonce: nonce, version }
  const lease = takeLease(id, undefined, wish, 1000)
  assert.equal(lease.expiresAt, 14)
  assert.throws(() => checkLease(id, lease, undefined, 2000), isCode('lease_held'))
  assert.throws(() => takeLease(id, lease, { ...wish, newNonce: 'dd' as LeaseNonce }, 2000), isCode('lease_held'))
  checkLease(id, lease, nonce, 2000)
  checkLease(id, lease, undefined, 14_000)
  assert.equal(takeLease(id, lease, { ...wish, nonce }, 5000).expiresAt, 18)
  assert.throws(() => takeLease(id, lease, { ...wish, nonce }, 20_000), isCode('lease_not_found'))
})

test('events are kept newest first, fifty of them', () => {
  let events: readonly MachineEvent[] = []
  for (let n = 0; n < 60; n++) events = withEvent(events, { id: String(n), type: 'start', status: 'started', source: 'user', timestamp: n })
  assert.equal(events.length, 50)
  assert.equal(events[0]?.id, '59')
  assert.deepEqual(
    eventsAfter(events, '57').map((event) => event.id),
    ['59', '58'],
  )
})

test('an exit event has all its fields', () => {
  assert.deepEqual(exitEventOf({ exitCode: 137, signal: 9, oomKilled: true, exitedAtMs: 0 }, { isRequested: false, isRestarting: true }), {
    exit_code: 137,
    guest_exit_code: 137,
    guest_signal: 9,
    signal: 9,
    oom_killed: true,
    requested_stop: false,
    restarting: true,
    exited_at: '1970-01-01T00:00:00.000Z',
  })
})

test('the platform’s variables win over the app’s', () => {
  const desired = {
    schema: 1,
    id,
    app: 'web',
    name: 'calm-sea',
    region: 'fra',
    instanceId: version,
    version: 1,
    config: { image: 'bundle@sha256:0', env: { FLY_REGION: 'lie', PRIMARY_REGION: 'fra' }, metadata: { fly_process_group: 'app' } },
  } as unknown as DesiredMachine
  const env = machineEnv(desired, { address: '127.83.16.7' })
  assert.equal(env['FLY_REGION'], 'fra')
  assert.equal(env['PRIMARY_REGION'], 'fra')
  assert.equal(env['FLY_PROCESS_GROUP'], 'app')
  assert.equal(env['FLY_PRIVATE_IP'], '127.83.16.7')
  assert.equal(env['FLY_VM_MEMORY_MB'], '256')
})
