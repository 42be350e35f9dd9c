import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { BodyReader } from './body-reader.ts'
import { Chunk, chunkEnd, chunkStart, lastChunk } from './chunked-body.ts'

interface Outcome {
  readonly body: string
  readonly trailers: string
  readonly ending: 'end' | 'more' | 'bad'
  /** Bytes after the body. */
  readonly rest: number
}
/** Reads a body that arrives in the given pieces. */
function read(kind: 'length' | 'chunked', lengthBytes: number, pieces: readonly Buffer[]): Outcome {
  const reader = new BodyReader()
  reader.begin(kind, lengthBytes)
  let body = ''
  for (const [index, piece] of pieces.entries()) {
    let at = 0
    for (;;) {
      const found = reader.next(piece, at, piece.length)
      if (found === Chunk.bad) return { body, trailers: '', ending: 'bad', rest: 0 }
      if (found === Chunk.end) {
        const later = pieces.slice(index + 1).reduce((sum, next) => sum + next.length, 0)
        return { body, trailers: reader.trailers, ending: 'end', rest: piece.length - reader.at + later }
      }
      if (found === Chunk.more) break
      body += piece.toString('latin1', reader.from, reader.to)
      at = reader.at
    }
  }
  return { body, trailers: '', ending: 'more', rest: 0 }
}
const split = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end))
}

test('a body of known length ends with its last byte', () => {
  assert.deepEqual(read('length', 5, [Buffer.from('hel'), Buffer.from('loGET')]), { body: 'hello', trailers: '', ending: 'end', rest: 3 })
})

test('forbidden trailers are left out, others pass', () => {
  const text = '3\r\nabc\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\nAuthorization: x\r\nFly-Region: y\r\nhost: z\r\n\r\n'
  assert.deepEqual(read('chunked', 0, [Buffer.from(text)]), { body: 'abc', trailers: 'X-Sum: 1\r\n', ending: 'end', rest: 0 })
})

test('extensions over many chunks are bounded', () => {
  assert.equal(read('chunked', 0, [Buffer.from(`1;${'a'.repeat(500)}\r\nx\r\n`.repeat(40))]).ending, 'bad')
})

test('decoding what is encoded gives the body, however it is split', () => {
  const pieces = fc.array(fc.string({ minLength: 1, maxLength: 300, unit: 'binary-ascii' }), { maxLength: 8 })
  fc.assert(
    fc.property(pieces, fc.constantFrom('', 'X: y\r\n', 'A: 1\r\nB: 2\r\n'), fc.array(fc.nat(3000), { maxLength: 12 }), (bodies, trailers, cuts) => {
      const text = bodies.map((body) => chunkStart(body.length) + body + chunkEnd).join('') + lastChunk(trailers)
      const bytes = Buffer.from(`${text}GET`, 'latin1')
      const outcome = read('chunked', 0, split(bytes, cuts))
      assert.deepEqual({ ...outcome, rest: outcome.rest }, { body: bodies.join(''), trailers, ending: 'end', rest: 3 })
    }),
    { seed: 5, numRuns: 1000 },
  )
})

test('the verdict on a chunked body does not depend on where its bytes were split', () => {
  const alphabet = fc.constantFrom(
    '3',
    '\r\n',
    'abc',
    '0',
    '0\r\n\r\n',
    '3\r\nabc\r\n',
    ';a=b',
    'X: y',
    ' ',
    '\r',
    '\n',
    'g',
    '\0',
    ':',
    'Content-Length: 3\r\n',
  )
  const soup = fc.array(alphabet, { maxLength: 25 }).map((parts) => Buffer.from(parts.join(''), 'latin1'))
  const check = (bytes: Buffer, cuts: readonly number[]) => {
    const whole = read('chunked', 0, [bytes])
    const byByte = read(
      'chunked',
      0,
      split(
        bytes,
        Array.from({ length: bytes.length }, (_, i) => i),
      ),
    )
    assert.deepEqual(byByte, whole)
    assert.deepEqual(read('chunked', 0, split(bytes, cuts)), whole)
  }
  fc.assert(fc.property(soup, fc.array(fc.nat(200), { maxLength: 5 }), check), { seed: 6, numRuns: 2000 })
  fc.assert(fc.property(soup, fc.array(fc.nat(200), { maxLength: 5 }), check), { numRuns: 500 })
})
