import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../../test/testkit/manual-clock.ts'
import { BlockWriter } from './block-writer.ts'

/** A sink whose writes end when the test says so. */
function scripted(blockBytes = 20) {
  const clock = new ManualClock()
  const written: string[] = []
  const errors: unknown[] = []
  const waiting: PromiseWithResolvers<void>[] = []
  const sink = { isStalled: false, error: undefined as Error | undefined }
  const writer = new BlockWriter(
    {
      clock,
      async write(block) {
        if (sink.error !== undefined) throw sink.error
        // A copy only once it is let go: what changes meanwhile would show.
        if (sink.isStalled) {
          const one = Promise.withResolvers<void>()
          waiting.push(one)
          await one.promise
        }
        written.push(Buffer.from(block).toString('latin1'))
      },
      lostLine: (count) => `lost ${count}\n`,
      onError: (error) => errors.push(error),
    },
    { blockBytes, everyMs: 100 },
  )
  return {
    clock,
    written,
    errors,
    sink,
    writer,
    release: async () => {
      sink.isStalled = false
      for (const one of waiting.splice(0)) one.resolve()
      await writer.flush()
    },
  }
}

test('lines leave in one block, when their time has come', async () => {
  const { clock, written, writer } = scripted()
  writer.add('one\n')
  writer.add('two\n')
  await clock.advance(99)
  assert.deepEqual(written, [])
  await clock.advance(1)
  assert.deepEqual(written, ['one\ntwo\n'])
  assert.equal(clock.pending, 0)
})

test('a full block leaves at once, and lines go on into the other one', async () => {
  const { written, writer } = scripted(9)
  for (const line of ['aaa\n', 'bbb\n', 'ccc\n']) writer.add(line)
  await writer.flush()
  assert.deepEqual(written, ['aaa\nbbb\n', 'ccc\n'])
})

test('a sink that stalls costs lines, not memory and not time, and the log says how many', async () => {
  const { written, writer, sink, release } = scripted(12)
  sink.isStalled = true
  for (let line = 0; line < 10; line++) writer.add(`<${line}>\n`)
  assert.equal(writer.lost, 4)
  await release()
  assert.deepEqual(written, ['<0>\n<1>\n<2>\n', 'lost 4\n', '<3>\n<4>\n<5>\n'])
  assert.equal(writer.lost, 0)
  writer.add('next\n')
  await writer.flush()
  assert.equal(written.at(-1), 'next\n')
})

test('a sink that fails is told of once, tried again, and what it lost is counted', async () => {
  const { clock, written, errors, writer, sink } = scripted()
  sink.error = new Error('no space left')
  for (let line = 0; line < 3; line++) {
    writer.add('gone\n')
    await clock.advance(100)
  }
  assert.equal(errors.length, 1)
  sink.error = undefined
  writer.add('here\n')
  await clock.advance(100)
  assert.deepEqual(written, ['lost 3\n', 'here\n'])
})

test('closing writes what is left, also what came while a block was being written', async () => {
  const { clock, written, writer, sink, release } = scripted()
  sink.isStalled = true
  writer.add('one\n')
  await clock.advance(100)
  writer.add('two\n')
  const closing = writer[Symbol.asyncDispose]()
  await release()
  await closing
  assert.deepEqual(written, ['one\n', 'two\n'])
  assert.equal(clock.pending, 0)
})

test('a line larger than a block is lost, those around it are not', async () => {
  const { written, writer } = scripted(8)
  for (const line of ['one\n', 'far too long\n', 'two\n']) writer.add(line)
  await writer.flush()
  assert.deepEqual(written.join(''), 'one\nlost 1\ntwo\n')
})
