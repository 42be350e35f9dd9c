import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openRequestIds } from './request-ids.ts'

test('request ids have the form of Fly.io, sort by time and never repeat', () => {
  let now = 1_795_500_000_000
  const next = openRequestIds({ now: () => now }, (size) => new Uint8Array(size).fill(7), 'fra')
  const ids = Array.from({ length: 5000 }, (_, i) => {
    if (i % 100 === 0) now++
    return next()
  })
  assert.match(ids[0] as string, /^[0-9A-HJKMNP-TV-Z]{26}-fra$/)
  assert.equal(new Set(ids).size, ids.length)
  assert.deepEqual(ids.toSorted(), ids)
})
