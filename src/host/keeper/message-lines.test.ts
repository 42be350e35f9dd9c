import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { messageLines } from './message-lines.ts'

test('messages come out as they were sent, however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.json(), { maxLength: 10 }), fc.integer({ min: 1, max: 20 }), (messages, size) => {
      const found: string[] = []
      const read = messageLines(100_000, (line) => found.push(line))
      const bytes = Buffer.from(messages.map((message) => `${message}\n`).join(''))
      for (let at = 0; at < bytes.length; at += size) read(bytes.subarray(at, at + size))
      assert.deepEqual(found, messages)
    }),
  )
})

test('a message beyond the limit is refused while it arrives', () => {
  const read = messageLines(10, () => assert.fail('nothing may come out'))
  read(Buffer.from('1234567890'))
  assert.throws(() => read(Buffer.from('1')), RangeError)
  assert.throws(() => messageLines(3, () => assert.fail('nothing may come out'))(Buffer.from('1234\n')), RangeError)
})
