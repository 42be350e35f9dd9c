import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { RequestLogEntry } from '../transport/proxy-contract.ts'
import { openRequestLines } from './request-line.ts'

const plain: RequestLogEntry = {
  timeMs: 1_795_500_000_007,
  requestId: '01K-fra',
  method: 'GET',
  host: 'a.example',
  path: '/',
  status: 200,
  outcome: 'ok',
  requestBodyBytes: 0,
  responseBodyBytes: 3,
  totalMs: 1.23456,
  connectMs: 0,
  firstByteMs: 1,
  heldMs: 0,
  attempts: 1,
  edgeRegion: 'fra',
  clientAddress: '127.0.0.1',
  app: undefined,
  machine: undefined,
  machineRegion: undefined,
}

test('a line has what there is to say and no more', () => {
  const lineOf = openRequestLines('edge-fra')
  assert.equal(
    lineOf(plain),
    '{"time":"2026-11-24T06:00:00.007Z","edge":"edge-fra","requestId":"01K-fra","method":"GET","host":"a.example","path":"/","status":200,"outcome":"ok",' +
      '"responseBodyBytes":3,"totalMs":1.235,"firstByteMs":1.000,"edgeRegion":"fra","clientAddress":"127.0.0.1"}\n',
  )
})

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('"', '\\', '\n', '\u2028', '\ud800', '\0', '","status":500,"x":"', '/\\"\\u0000', '\x7f', 'é'),
)
const entry = fc.record({
  timeMs: fc.oneof(fc.integer({ min: 0, max: 4_102_444_800_000 }), fc.integer({ min: 1_795_500_000_000, max: 1_795_500_001_999 })),
  requestId: fc.constant('01K-fra'),
  method: fc.constant('PUT'),
  host: hostile,
  path: hostile,
  status: fc.constantFrom(0, 200, 503),
  outcome: fc.constantFrom('ok', 'aborted', 'bad-response', 'refused'),
  requestBodyBytes: fc.maxSafeNat(),
  responseBodyBytes: fc.maxSafeNat(),
  totalMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
  connectMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
  firstByteMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
  heldMs: fc.constantFrom(0, 12.5),
  attempts: fc.nat({ max: 90 }),
  edgeRegion: fc.constant('fra'),
  clientAddress: fc.constantFrom('127.0.0.1', '::1'),
  app: fc.constantFrom(undefined, 'hello'),
  machine: fc.constantFrom(undefined, '00000000000001'),
  machineRegion: fc.constant('fra'),
})

test('a line is one line of ASCII, and JSON that says what the entry says, whatever clients send', () => {
  const lineOf = openRequestLines('edge "fra"')
  fc.assert(
    fc.property(entry, (given) => {
      const line = lineOf(given as RequestLogEntry)
      assert.match(line, /^[ -~]+\n$/)
      const { time, edge, ...read } = JSON.parse(line) as Record<string, unknown>
      assert.equal(time, new Date(given.timeMs).toISOString())
      assert.equal(edge, 'edge "fra"')
      const { timeMs: _, ...rest } = given
      const short = (ms: number) => (ms >= 1e6 ? Math.round(ms) : ((ms * 1000 + 0.5) | 0) / 1000)
      const expected: Record<string, unknown> = {
        ...rest,
        totalMs: short(given.totalMs),
        firstByteMs: short(given.firstByteMs),
        connectMs: given.connectMs === 0 ? undefined : short(given.connectMs),
        heldMs: given.heldMs === 0 ? undefined : given.heldMs,
        machineRegion: given.machine === undefined ? undefined : 'fra',
        requestBodyBytes: given.requestBodyBytes === 0 ? undefined : given.requestBodyBytes,
        attempts: given.attempts > 1 ? given.attempts : undefined,
      }
      for (const [key, value] of Object.entries(expected)) assert.deepEqual(read[key], value, key)
      assert.equal(Object.keys(read).length, Object.values(expected).filter((value) => value !== undefined).length)
    }),
    { numRuns: 500 },
  )
})
