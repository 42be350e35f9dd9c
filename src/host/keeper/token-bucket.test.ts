import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { tokenBucket } from './token-bucket.ts'

test('a bucket lets its burst pass at once, then what flows in', () => {
  const bucket = tokenBucket({ perSecond: 10, burst: 5 })
  assert.equal(bucket.take(5, 0), true)
  assert.equal(bucket.take(1, 0), false)
  assert.equal(bucket.waitMs(1, 0), 100)
  assert.equal(bucket.take(1, 100), true)
})

test('no more than burst and flow ever passes, also when the clock stands or is asked out of order', () => {
  const step = fc.record({ afterMs: fc.integer({ min: -50, max: 500 }), count: fc.integer({ min: 1, max: 8 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const bucket = tokenBucket({ perSecond: 20, burst: 10 })
      let nowMs = 1_000
      let latestMs = nowMs
      const bucketAt = bucket.take(1, nowMs) ? nowMs : assert.fail('a full bucket has one')
      let passed = 1
      for (const { afterMs, count } of steps) {
        nowMs += afterMs
        latestMs = Math.max(latestMs, nowMs)
        if (bucket.take(count, nowMs)) passed += count
        assert.ok(passed <= 10 + ((latestMs - bucketAt) * 20) / 1000 + 1e-6)
      }
    }),
  )
})

test('an overdrawn bucket says how long its debt takes', () => {
  const bucket = tokenBucket({ perSecond: 1000, burst: 10 })
  bucket.overdraw(60, 0)
  assert.equal(bucket.waitMs(0, 0), 50)
  assert.equal(bucket.waitMs(0, 50), 0)
})
