import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Clock } from '../../kit/clock.ts'
import { type Timed, TimerWheel } from './timer-wheel.ts'

/** A clock that a test moves by hand; only what the wheel uses. */
function handClock() {
  let now = 0
  let timers: { at: number; callback: () => void }[] = []
  const clock: Pick<Clock, 'monotonic' | 'timer'> = {
    monotonic: () => now,
    timer(ms, callback) {
      const timer = { at: now + ms, callback }
      timers.push(timer)
      return { [Symbol.dispose]: () => (timers = timers.filter((other) => other !== timer)) }
    },
  }
  return {
    clock: clock as Clock,
    get now() {
      return now
    },
    get pending() {
      return timers.length
    },
    advance(ms: number) {
      const until = now + ms
      for (;;) {
        const due = timers.filter((timer) => timer.at <= until).toSorted((a, b) => a.at - b.at)[0]
        if (due === undefined) break
        timers = timers.filter((timer) => timer !== due)
        now = Math.max(now, due.at)
        due.callback()
      }
      now = until
    },
  }
}
const timed = (onDeadline: () => void): Timed => ({ deadlineMs: Infinity, wheelTick: -1, onDeadline })

test('a deadline is met once, never early and at most two ticks late, whatever it was before', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ wait: fc.nat(500), arm: fc.nat(2000) }), { minLength: 1, maxLength: 10 }), (steps) => {
      const time = handClock()
      using wheel = new TimerWheel(time.clock, 100)
      const fired: number[] = []
      const object = timed(() => fired.push(time.now))
      let due = Infinity
      for (const { wait, arm } of steps) {
        time.advance(wait)
        if (fired.length > 0 || due <= time.now - 200) break
        wheel.arm(object, arm)
        due = arm === 0 ? Infinity : time.now + arm
      }
      time.advance(5000)
      if (due === Infinity) return assert.deepEqual(fired, [])
      assert.equal(fired.length, 1)
      assert.ok((fired[0] as number) >= due && (fired[0] as number) <= due + 200, `due ${due}, met ${fired[0]}`)
    }),
    { seed: 7, numRuns: 500 },
  )
})

test('a forgotten object is never called, and a disposed wheel leaves no timer', () => {
  const time = handClock()
  const wheel = new TimerWheel(time.clock, 100)
  const object = timed(() => assert.fail('called'))
  wheel.arm(object, 300)
  wheel.forget(object)
  time.advance(1000)
  wheel[Symbol.dispose]()
  assert.equal(time.pending, 0)
})
