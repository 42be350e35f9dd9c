import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { lineSplitter } from './line-splitter.ts'

/** Cuts bytes at the given places. */
const chunksOf = (bytes: Buffer, cuts: readonly number[]) => {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b)
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end))
}
const collect = (chunks: readonly Buffer[], limitBytes = 1024, accepts = (_size: number) => true) => {
  const lines: string[] = []
  const splitter = lineSplitter(limitBytes)
  const emit = (line: string) => lines.push(line)
  const dropped = chunks.map((chunk) => splitter.push(Buffer.from(chunk), accepts, emit)).reduce((sum, count) => sum + count, 0)
  splitter.end(emit)
  return { lines, dropped }
}

test('lines come out whole however the bytes are cut', () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.replaceAll(/[\r\n]/g, ''))
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), fc.array(fc.nat(), { maxLength: 10 }), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''))
      assert.deepEqual(collect(chunksOf(bytes, cuts)), { lines, dropped: 0 })
    }),
  )
})

test('any bytes are taken, no piece is longer than the limit, and what is kept and dropped is every line', () => {
  const random = fc.uint8Array({ maxLength: 300 })
  fc.assert(
    fc.property(
      random,
      fc.array(fc.nat(), { maxLength: 6 }),
      fc.integer({ min: 4, max: 40 }),
      fc.infiniteStream(fc.boolean()),
      (input, cuts, limit, coin) => {
        const bytes = Buffer.from(input)
        const { lines } = collect(chunksOf(bytes, cuts), limit)
        // A byte that is no UTF-8 becomes one character of three bytes.
        for (const line of lines) assert.ok(Buffer.byteLength(line) <= limit * 3)
        const whole = Buffer.concat([Buffer.from(bytes.filter((byte) => byte < 128)), Buffer.from('\n')])
        const some = collect(chunksOf(whole, cuts), 1024, () => coin.next().value ?? true)
        const ends = whole.filter((byte) => byte === 10).length
        assert.equal(some.lines.length + some.dropped, ends)
      },
    ),
  )
})

test('a long line is cut between characters, and loses none', () => {
  const text = 'ä€😀'.repeat(20)
  const { lines } = collect([Buffer.from(`${text}\n`)], 10)
  assert.equal(lines.join(''), text)
  assert.ok(lines.every((line) => Buffer.byteLength(line) <= 10))
})

test('a carriage return at the end of a line is not part of it', () => {
  assert.deepEqual(collect([Buffer.from('one\r\ntwo\n')]).lines, ['one', 'two'])
})

test('a last line without an end is kept', () => {
  assert.deepEqual(collect([Buffer.from('one\ntwo')]).lines, ['one', 'two'])
})
