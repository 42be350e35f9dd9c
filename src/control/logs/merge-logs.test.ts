import assert from 'node:assert/strict'
import { test } from 'node:test'
import { interleave } from './merge-logs.ts'

async function* of(...items: readonly string[]) {
  for (const item of items) yield item
}

test('every line of every source comes once, those of one source in its order', async () => {
  const seen: string[] = []
  for await (const item of interleave([of('a1', 'a2', 'a3'), of(), of('b1', 'b2')])) seen.push(item)
  assert.deepEqual(
    seen.filter((item) => item.startsWith('a')),
    ['a1', 'a2', 'a3'],
  )
  assert.deepEqual(
    seen.filter((item) => item.startsWith('b')),
    ['b1', 'b2'],
  )
})

test('a source that is silent holds nobody up, and leaving ends the sources', async () => {
  let hasEnded = false
  async function* silent() {
    try {
      yield await new Promise<string>((resolve) => setImmediate(() => resolve('late')))
      await new Promise<never>(() => {})
    } finally {
      hasEnded = true
    }
  }
  const seen: string[] = []
  for await (const item of interleave([silent(), of('now')])) {
    seen.push(item)
    if (seen.length === 2) break
  }
  assert.deepEqual(seen, ['now', 'late'])
  assert.equal(hasEnded, false, 'it is in the middle of a wait, which its signal ends')
})

test('the failure of a source is the failure of the whole', async () => {
  async function* broken(): AsyncGenerator<string> {
    yield 'x'
    throw new Error('gone')
  }
  await assert.rejects(async () => {
    for await (const _item of interleave([broken()]));
  }, /gone/)
})
