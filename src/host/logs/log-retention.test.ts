import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { planRetention } from './log-retention.ts'

const old = [
  { path: 'a', sizeBytes: 10, writtenAtMs: 100 },
  { path: 'c', sizeBytes: 10, writtenAtMs: 300 },
  { path: 'b', sizeBytes: 10, writtenAtMs: 200 },
]

test('the too old go', () => {
  assert.deepEqual(planRetention(old, 0, 350, { keepMs: 200, totalBytes: 1000 }), ['a'])
})
test('then the oldest, until the rest fits', () => {
  assert.deepEqual(planRetention(old, 5, 350, { keepMs: 1000, totalBytes: 15 }), ['a', 'b'])
})
test('what is written to never goes', () => {
  assert.deepEqual(planRetention([], 5000, 350, { keepMs: 0, totalBytes: 15 }), [])
})
