import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../kit/clock.ts'
import { silentLog } from '../kit/log.ts'
import { LeaseTimers } from './leases.ts'

/** A clock whose timers fire when it is moved. */
function handClock(): Clock & { move(ms: number): void } {
  let time = 0
  const timers = new Set<{ readonly at: number; readonly call: () => void }>()
  return {
    now: () => time,
    monotonic: () => time,
    sleep: () => Promise.reject(new Error('not used')),
    timer(ms, call) {
      const timer = { at: time + ms, call }
      timers.add(timer)
      return { [Symbol.dispose]: () => timers.delete(timer) }
    },
    move(ms) {
      time += ms
      for (const timer of timers) {
        if (timer.at > time) continue
        timers.delete(timer)
        timer.call()
      }
    },
  }
}
const settled = () => new Promise((resolve) => setImmediate(resolve))

test('a lease ends when its time is over and it was not kept alive', async () => {
  const clock = handClock()
  const ended: string[] = []
  using leases = new LeaseTimers({ clock, log: silentLog }, async (lease) => void ended.push(lease))
  leases.start('1', 100)
  leases.start('2', 150)
  clock.move(99)
  assert.equal(leases.keepAlive('1'), true)
  clock.move(60)
  assert.deepEqual(ended, ['2'])
  clock.move(39)
  assert.deepEqual(ended, ['2'])
  clock.move(1)
  assert.deepEqual(ended, ['2', '1'])
  assert.equal(leases.keepAlive('1'), false)
})

test('a lease whose keys could not be deleted is tried again, and is not revived meanwhile', async () => {
  const clock = handClock()
  const tries: string[] = []
  let isFull = true
  using leases = new LeaseTimers({ clock, log: silentLog }, async (lease) => {
    tries.push(lease)
    if (isFull) throw new Error('full')
  })
  leases.start('1', 100)
  clock.move(100)
  await settled()
  assert.equal(leases.keepAlive('1'), false)
  isFull = false
  clock.move(1000)
  await settled()
  clock.move(10_000)
  assert.deepEqual(tries, ['1', '1'])
})

test('after disposal nothing ends any more', () => {
  const clock = handClock()
  const leases = new LeaseTimers({ clock, log: silentLog }, () => Promise.reject(new Error('called')))
  leases.start('1', 100)
  leases[Symbol.dispose]()
  clock.move(1000)
})
