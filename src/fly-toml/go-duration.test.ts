import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseGoDuration } from '../model/duration.ts'
import { printGoDuration } from './go-duration.ts'
import { parseSize } from './size-text.ts'

test('durations print as Go prints them', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0s'],
    [250, '250ms'],
    [1500, '1.5s'],
    [10_000, '10s'],
    [60_000, '1m0s'],
    [90_000, '1m30s'],
    [3_600_000, '1h0m0s'],
    [3_661_500, '1h1m1.5s'],
  ]
  for (const [ms, text] of cases) assert.equal(printGoDuration(ms), text)
})

test('a printed duration reads back as the same milliseconds', () => {
  fc.assert(fc.property(fc.nat({ max: 1e10 }), (ms) => Math.abs(parseGoDuration('d', printGoDuration(ms)) - ms) < 1e-3))
})

test('sizes count in 1024s and take the unit that is missing from the key', () => {
  const mib = 1024 ** 2
  assert.deepEqual(
    ['512', '512mb', '1gb', '1 GiB', '2G', '0.5gb', 'x', '-1', ''].map((text) => parseSize(text, mib)),
    [512 * mib, 512 * mib, 1024 * mib, 1024 * mib, 2048 * mib, 512 * mib, undefined, undefined, undefined],
  )
})
