import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { isFault } from '../../../src/model/fault/fault.ts'
import { everything } from '../../../src/store/contract.ts'
import { exportSnapshot, importSnapshot } from '../../../src/store/snapshot.ts'
import { openSqliteFixture } from './open-sqlite-fixture.ts'
import { fill, put, write } from './store-fixture.ts'

const now = () => Date.UTC(2026, 10, 24)
const contents = async (store: Parameters<typeof importSnapshot>[0]) =>
  (await store.range(everything)).entries.map(({ key, value }) => [key, value] as const)

describe('a snapshot', () => {
  test('brings any keys and values to another store', async () => {
    await using from = await openSqliteFixture({ syncWrites: false })
    await using to = await openSqliteFixture({ syncWrites: false })
    const key = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)), minLength: 1, maxLength: 20 })
    const value = fc.string({ unit: 'binary' }).map((text) => text.toWellFormed())
    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, value, { maxKeys: 20, noNullPrototype: true }), async (given) => {
        for (const { store } of [from, to]) await write(store, { op: 'deleteRange', range: everything })
        const pairs = Object.entries(given)
        await write(from.store, ...pairs.map(([key, value]) => put(key, value)))
        await importSnapshot(to.store, exportSnapshot({ store: from.store, now }))
        assert.deepEqual(await contents(to.store), await contents(from.store))
        assert.equal((await contents(to.store)).length, pairs.length)
      }),
      { numRuns: 60 },
    )
  })

  test('holds thousands of keys and the largest values, and says what it is', async () => {
    await using from = await openSqliteFixture()
    await using to = await openSqliteFixture()
    await fill(
      from.store,
      3000,
      (index) => `k/${index}`,
      (index) => `${index}`.repeat(50),
    )
    await write(from.store, put('large/1', '\u0001'.repeat(1024 * 1024 - 7)))
    await write(from.store, put('large/2', 'ü'.repeat(500_000)))
    const header = await importSnapshot(to.store, exportSnapshot({ store: from.store, now }))
    assert.deepEqual(header, { format: 'kante-store', schemaVersion: 1, revision: 32, createdAt: '2026-11-24T00:00:00.000Z', count: 3002 })
    const store = await to.reopen()
    assert.deepEqual(await contents(store), await contents(from.store))
  })

  test('is taken at one revision while writes go on', async () => {
    await using from = await openSqliteFixture()
    await using to = await openSqliteFixture()
    const done = new AbortController()
    const writing = (async () => {
      for (let round = 0; !done.signal.aborted; round += 1) await write(from.store, put('a', `${round}`), put('z', `${round}`))
    })()
    await fill(
      from.store,
      2000,
      (index) => `m/${index}`,
      () => 'x'.repeat(1000),
    )
    await importSnapshot(to.store, exportSnapshot({ store: from.store, now }))
    done.abort()
    await writing
    assert.equal((await to.store.get('a'))?.value, (await to.store.get('z'))?.value)
  })

  test('leaves out what is bound to a lease', async () => {
    await using from = await openSqliteFixture()
    await using to = await openSqliteFixture()
    const lease = await from.store.grantLease(60_000)
    await write(from.store, put('lease/a', '', lease), put('kept', ''))
    await importSnapshot(to.store, exportSnapshot({ store: from.store, now }))
    assert.deepEqual(await contents(to.store), [['kept', '']])
  })

  test('goes only into an empty store, and a damaged one writes nothing', async () => {
    await using from = await openSqliteFixture()
    await using to = await openSqliteFixture()
    await fill(from.store, 300, (index) => `k/${index}`, String)
    const lines = await Array.fromAsync(exportSnapshot({ store: from.store, now }))
    async function* damaged(): AsyncGenerator<string> {
      for (const [index, line] of lines.entries()) yield index === 299 ? line.replace('value":"', 'value":"x') : line
    }
    await assert.rejects(importSnapshot(to.store, damaged()), (error) => isFault(error, 'snapshot_invalid'))
    assert.equal(await to.store.revision(), 0)
    await write(to.store, put('mine', ''))
    await assert.rejects(importSnapshot(to.store, exportSnapshot({ store: from.store, now })), (error) => isFault(error, 'store_not_empty'))
    assert.deepEqual(await contents(to.store), [['mine', '']])
  })
})
