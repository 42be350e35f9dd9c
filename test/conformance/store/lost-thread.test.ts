import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { openSqliteEngine, SqliteEngine } from '../../../src/store/sqlite/engine.ts'

test('the end of the store’s thread is told to whoever owns it; a close is not', async () => {
  const dying = new SqliteEngine(new Worker('process.exit(3)', { eval: true }))
  assert.equal((await dying.lost).code, 'store_unavailable')
  await assert.rejects(dying.call(1, { op: 'revision' }), { code: 'store_unavailable' })
  const closed = openSqliteEngine()
  await closed[Symbol.asyncDispose]()
  assert.equal(await Promise.race([closed.lost, Promise.resolve('not lost')]), 'not lost')
})
