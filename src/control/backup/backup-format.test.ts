import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { BackupFormatError, decodeBackup, encodeBackup, frameLimitBytes, type Frame } from './backup-format.ts'

const header = { createdAt: '2026-01-02T03:04:05.000Z', version: '0.1.0' }
async function* each<T>(values: readonly T[]): AsyncGenerator<T, void, undefined> {
  for (const value of values) yield value
}
async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const value of source) found.push(value)
  return found
}
const encode = async (snapshot: readonly string[], layers: readonly { readonly digest: string; readonly bytes: readonly Uint8Array[] }[]) =>
  Buffer.concat(
    await collect(
      encodeBackup({
        header,
        snapshot: each(snapshot),
        layers: each(layers.map((layer) => ({ digest: layer.digest, bytes: each(layer.bytes) }))),
      }),
    ),
  )
const textOf = (frames: readonly Frame[], type: 'snapshot' | 'data') =>
  Buffer.concat(frames.flatMap((frame) => (frame.type === type && 'bytes' in frame ? [frame.bytes] : [])))
const whole = () => encode(['{"a":1}\n', '{"b":2}\n'], [{ digest: 'sha256:aa', bytes: [Buffer.from('layer')] }])

test('property: a backup comes back as it was written, however its bytes arrive', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 5 }),
      fc.array(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 3 }), { maxLength: 3 }),
      fc.integer({ min: 1, max: 50 }),
      async (snapshot, layers, step) => {
        const file = await encode(
          snapshot,
          layers.map((bytes, index) => ({ digest: `sha256:${index}`, bytes })),
        )
        const chunks = Array.from({ length: Math.ceil(file.length / step) }, (_, index) => file.subarray(index * step, (index + 1) * step))
        const frames = await collect(decodeBackup(each(chunks)))
        assert.deepEqual(frames[0], { type: 'header', header })
        assert.equal(textOf(frames, 'snapshot').toString(), snapshot.join(''))
        assert.deepEqual(textOf(frames, 'data'), Buffer.concat(layers.flat()))
        assert.deepEqual(
          frames.flatMap((frame) => (frame.type === 'layer' ? [frame.digest] : [])),
          layers.map((_, index) => `sha256:${index}`),
        )
      },
    ),
  )
})

test('one changed byte, a cut, or something added anywhere is found out', async () => {
  const file = await whole()
  for (let at = 0; at < file.length; at++) {
    const changed = Buffer.from(file)
    changed[at] = (changed[at] ?? 0) ^ 0x01
    await assert.rejects(collect(decodeBackup(each([changed]))), BackupFormatError, `byte ${at}`)
    await assert.rejects(collect(decodeBackup(each([file.subarray(0, at)]))), BackupFormatError, `cut at ${at}`)
  }
  await assert.rejects(collect(decodeBackup(each([file, Buffer.from('x')]))), BackupFormatError)
})

test('property: no input does more than be refused', async () => {
  const start = (await whole()).subarray(0, 15)
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, isStarted) => {
      await assert.rejects(collect(decodeBackup(each(isStarted ? [start, bytes] : [bytes]))), BackupFormatError)
    }),
  )
})

test('a length beyond the limit is refused before anything is read for it', async () => {
  const head = Buffer.alloc(5)
  head.write('H', 'latin1')
  head.writeUInt32BE(frameLimitBytes + 1, 1)
  await assert.rejects(collect(decodeBackup(each([(await whole()).subarray(0, 15), head]))), { message: 'a part is damaged' })
})
