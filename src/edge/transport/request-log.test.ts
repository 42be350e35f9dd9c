import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RequestLogEntry } from './proxy-contract.ts'
import { openRequestIds } from './request-ids.ts'
import { RequestLog } from './request-log.ts'

test('entries come out in order and later than they went in; what does not fit is counted', () => {
  const deferred: (() => void)[] = []
  const out: number[] = []
  const log = new RequestLog(
    (callback) => deferred.push(callback),
    3,
    (entry) => out.push(entry.timeMs),
  )
  for (let i = 1; i <= 5; i++) log.add({ timeMs: i } as RequestLogEntry)
  assert.deepEqual(out, [])
  assert.equal(deferred.length, 1)
  deferred[0]?.()
  assert.deepEqual(out, [1, 2, 3])
  assert.equal(log.dropped, 2)
  log.add({ timeMs: 6 } as RequestLogEntry)
  log.flush()
  assert.deepEqual(out, [1, 2, 3, 6])
})

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
