import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyedQueue } from './keyed-queue.ts'

test('tasks of one key run in order, a failing one included, and other keys do not wait', async () => {
  const queue = keyedQueue()
  const order: string[] = []
  const gate = Promise.withResolvers<void>()
  const first = queue.run('a', async () => {
    await gate.promise
    order.push('a1')
    throw new Error('a1 failed')
  })
  const second = queue.run('a', async () => {
    order.push('a2')
    return 2
  })
  await queue.run('b', async () => {
    order.push('b1')
  })
  gate.resolve()
  await assert.rejects(first, /a1 failed/)
  assert.equal(await second, 2)
  assert.deepEqual(order, ['b1', 'a1', 'a2'])
})
