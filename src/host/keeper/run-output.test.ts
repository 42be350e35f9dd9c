import { strict as assert } from 'node:assert'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { Clock } from '../../kit/clock.ts'
import type { LogFile } from './log-file.ts'
import { logIds } from './log-id.ts'
import { openRunOutput } from './run-output.ts'

const openTest = () => {
  let nowMs = 1_000
  const timers: { atMs: number; callback: () => void }[] = []
  const clock: Clock = {
    now: () => nowMs,
    monotonic: () => nowMs,
    sleep: () => Promise.reject(new Error('nobody sleeps here')),
    timer: (ms, callback) => {
      const timer = { atMs: nowMs + ms, callback }
      timers.push(timer)
      return { [Symbol.dispose]: () => void timers.splice(timers.indexOf(timer), 1) }
    },
  }
  const written: string[] = []
  let drained: (() => void) | undefined
  let isFull = false
  const file: LogFile = {
    write: (line) => written.push(line) > 0 && !isFull,
    onceDrained: (callback) => (drained = callback),
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
  const stream = new PassThrough()
  const output = openRunOutput({ clock, file, ids: logIds('keeper', () => nowMs) }, 'ndjson')
  return {
    output,
    stream,
    attach: () =>
      output.attach((onChunk) => {
        stream.on('data', onChunk)
        return stream
      }),
    messages: () => written.map((line) => (JSON.parse(line) as { message: string }).message),
    fill: () => (isFull = true),
    drain: () => {
      isFull = false
      drained?.()
    },
    pass: (ms: number) => {
      nowMs += ms
      for (const timer of timers.filter((timer) => timer.atMs <= nowMs)) {
        timers.splice(timers.indexOf(timer), 1)
        timer.callback()
      }
    },
  }
}
const flood = (lines: number, text = 'y') => Buffer.from(`${text}\n`.repeat(lines))

test('beyond the budget lines are dropped, counted, and told in one line when there is room again', () => {
  const { attach, stream, messages, pass } = openTest()
  attach()
  stream.emit('data', flood(50_000))
  const kept = messages().length
  assert.equal(kept, 20_000)
  pass(1_000)
  stream.emit('data', flood(1, 'after'))
  assert.deepEqual(messages().slice(kept), ['30000 lines dropped: the program prints more than is kept', 'after'])
})

test('a steady program within the budget loses nothing', () => {
  const { attach, stream, messages, pass } = openTest()
  attach()
  for (let second = 0; second < 60; second++) {
    stream.emit('data', flood(2_000))
    pass(1_000)
  }
  assert.equal(messages().length, 120_000)
})

test('a program is not read while its log cannot be written', () => {
  const { attach, stream, fill, drain } = openTest()
  attach()
  fill()
  stream.emit('data', flood(1))
  assert.equal(stream.isPaused(), true)
  drain()
  assert.equal(stream.isPaused(), false)
})

test('more bytes than the keeper reads in a second wait in the pipe', () => {
  const { attach, stream, pass } = openTest()
  attach()
  const block = Buffer.alloc(1024 * 1024, 'y')
  for (let count = 0; count < 33; count++) stream.emit('data', block)
  assert.equal(stream.isPaused(), true)
  pass(1_000)
  assert.equal(stream.isPaused(), false)
})

test('a fragment and the count of dropped lines are written at the end', async () => {
  const { output, attach, stream, messages } = openTest()
  attach()
  stream.emit('data', flood(20_001))
  const finished = output.finish(1_000)
  stream.destroy()
  await finished
  assert.equal(messages().at(-1), '1 lines dropped: the program prints more than is kept')
})
