import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { ManualClock } from '../../../test/testkit/manual-clock.ts'
import { openLog } from '../../kit/log.ts'
import { noteRefusedCalls } from './refused-calls.ts'

test('of many calls without a valid token one line is written in ten seconds, which counts the others', async () => {
  const clock = new ManualClock()
  const lines: string[] = []
  const note = noteRefusedCalls(
    openLog(
      (line) => lines.push(line),
      () => 0,
    ),
    clock,
  )
  for (let index = 0; index < 100; index++) note({ from: '127.0.0.9', reason: 'the token is not known here' })
  assert.equal(lines.length, 1)
  await clock.advance(10_000)
  note({ from: '127.0.0.9', reason: 'again' })
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { more: number }).more),
    [0, 99],
  )
})
