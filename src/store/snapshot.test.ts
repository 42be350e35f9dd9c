import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { isFault } from '../model/fault/fault.ts'
import { readSnapshot } from './snapshot.ts'

const header = { format: 'kante-store', schemaVersion: 1, revision: 7, createdAt: '2026-11-24T12:00:00.000Z', count: 2 }
const entries = [
  { key: 'app/a', value: '{"n":1}' },
  { key: 'app/ü'.replace('ü', 'b'), value: 'Zürich 🦀\n\0' },
]
const isInvalid = (error: unknown) => isFault(error, 'snapshot_invalid')

function file(...lines: readonly object[]): Buffer {
  const body = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  return Buffer.from(`${body}${JSON.stringify({ sha256: createHash('sha256').update(body).digest('hex') })}\n`)
}
async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
const read = (bytes: Buffer, size = 10) => readSnapshot(pieces(bytes, size))
const good = file(header, ...entries)

describe('reading a snapshot', () => {
  test('a whole one is read, in pieces of any size', async () => {
    for (const size of [1, 2, 7, 64, 10_000]) assert.deepEqual(await read(good, size), { header, entries })
  })

  test('one cut after any byte is refused', async () => {
    for (let length = 0; length < good.length; length += 1) await assert.rejects(read(good.subarray(0, length), 4096), isInvalid, `cut at ${length}`)
  })

  test('one with any bit turned is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: good.length - 1 }), fc.nat({ max: 7 }), async (at, bit) => {
        const damaged = Buffer.from(good)
        damaged[at] = (damaged[at] ?? 0) ^ (1 << bit)
        await assert.rejects(read(damaged, 4096), isInvalid)
      }),
      { numRuns: 500 },
    )
  })

  test('arbitrary bytes are refused with the fault, never with another error', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 400 }),
          fc.json().map((text) => Buffer.from(`${text}\n`)),
        ),
        async (bytes) => {
          await assert.rejects(read(Buffer.from(bytes), 64), isInvalid)
        },
      ),
    )
  })

  test('a correct checksum does not excuse wrong content', async () => {
    const [first, second] = entries
    assert.ok(first && second)
    await assert.rejects(read(file({ ...header, format: 'other' }, ...entries)), isInvalid)
    await assert.rejects(read(file({ ...header, schemaVersion: 2 }, ...entries)), isInvalid)
    await assert.rejects(read(file({ ...header, count: 3 }, ...entries)), isInvalid)
    await assert.rejects(read(file({ ...header, count: 1 }, ...entries)), isInvalid)
    await assert.rejects(read(file(header, second, first)), /out of order/)
    await assert.rejects(read(file(header, first, first)), /out of order/)
    await assert.rejects(read(file(header, first, { key: '', value: '' })), isInvalid)
    await assert.rejects(read(file(header, first, { key: 'b', value: '\uD800' })), isInvalid)
    await assert.rejects(read(file(header, first, { ...second, lease: '1' })), isInvalid)
    await assert.rejects(read(Buffer.concat([good, Buffer.from('{}\n')])), /data after the end/)
  })

  test('a line without end is refused before it fills the memory', async () => {
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) yield Buffer.alloc(1024 * 1024, 'x')
    }
    await assert.rejects(readSnapshot(endless()), isInvalid)
  })
})
