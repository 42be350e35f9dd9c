import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isFault } from '../../../src/model/fault/fault.ts'
import { everything, prefixRange } from '../../../src/store/contract.ts'
import { fill, put, remove, write, type OpenFixture } from './store-fixture.ts'

export function describeRanges(open: OpenFixture): void {
  describe('ranges', () => {
    test('a new store is empty at revision 0', async () => {
      await using fixture = await open()
      assert.deepEqual(await fixture.store.range(everything), { entries: [], revision: 0, more: false })
      assert.equal(await fixture.store.revision(), 0)
      assert.equal(await fixture.store.get('app/none'), undefined)
    })

    test('keys come in byte order, start included and end not', async () => {
      await using fixture = await open()
      const keys = ['a', 'a!', 'a/', 'a/1', 'a/10', 'a/2', 'a0', 'aB', 'ab', 'b', 'Z']
      await write(fixture.store, ...keys.map((key) => put(key, key)))
      const all = await fixture.store.range(everything)
      assert.deepEqual(
        all.entries.map((entry) => entry.key),
        ['Z', 'a', 'a!', 'a/', 'a/1', 'a/10', 'a/2', 'a0', 'aB', 'ab', 'b'],
      )
      const part = await fixture.store.range({ start: 'a/', end: 'aB' })
      assert.deepEqual(
        part.entries.map((entry) => entry.key),
        ['a/', 'a/1', 'a/10', 'a/2', 'a0'],
      )
      const under = await fixture.store.range(prefixRange('a/'))
      assert.deepEqual(
        under.entries.map((entry) => entry.key),
        ['a/', 'a/1', 'a/10', 'a/2'],
      )
      assert.deepEqual((await fixture.store.range({ start: 'b', end: 'a' })).entries, [])
    })

    test('a limit cuts and says so, and only when there is more', async () => {
      await using fixture = await open()
      await write(fixture.store, put('k/1', 'a'), put('k/2', 'b'), put('k/3', 'c'))
      const two = await fixture.store.range(prefixRange('k/'), { limit: 2 })
      assert.deepEqual([two.entries.map((entry) => entry.key), two.more], [['k/1', 'k/2'], true])
      const three = await fixture.store.range(prefixRange('k/'), { limit: 3 })
      assert.deepEqual([three.entries.length, three.more], [3, false])
      for (const limit of [0, -1, 1.5, Number.NaN]) {
        await assert.rejects(fixture.store.range(everything, { limit }), (error) => isFault(error, 'invalid_value'))
      }
    })

    test('keysOnly leaves the values out', async () => {
      await using fixture = await open()
      await write(fixture.store, put('k/1', 'long'))
      assert.deepEqual((await fixture.store.range(everything, { keysOnly: true })).entries, [
        { key: 'k/1', value: '', createRevision: 1, modRevision: 1, version: 1 },
      ])
    })

    test('an entry tells when it was made, last written and how often', async () => {
      await using fixture = await open()
      await write(fixture.store, put('a', '1'))
      await write(fixture.store, put('b', '1'))
      await write(fixture.store, put('a', '2'))
      assert.deepEqual(await fixture.store.get('a'), { key: 'a', value: '2', createRevision: 1, modRevision: 3, version: 2 })
      await write(fixture.store, remove('a'))
      await write(fixture.store, put('a', '3'))
      assert.deepEqual(await fixture.store.get('a'), { key: 'a', value: '3', createRevision: 5, modRevision: 5, version: 1 })
    })

    test('values come back as they were, zero bytes, emoji and empty ones included', async () => {
      await using fixture = await open()
      const values = ['', '\0', 'a\0b', '🦀 Zürich', '"', '\uFFFD', '\u2028', ' '.repeat(10)]
      await write(fixture.store, ...values.map((value, index) => put(`v/${index}`, value)))
      assert.deepEqual(
        (await fixture.store.range(prefixRange('v/'))).entries.map((entry) => entry.value),
        values,
      )
    })

    test('10,000 keys are listed, in order, at one revision', async () => {
      await using fixture = await open()
      const { store } = fixture
      await fill(
        store,
        10_000,
        (index) => `m/${String(index).padStart(6, '0')}`,
        (index) => `${index}`.repeat(100),
      )
      const writing = write(store, put('n', 'while the range is read'))
      const { entries, revision } = await store.range(everything)
      await writing
      const inside = entries.filter((entry) => entry.key.startsWith('m/'))
      assert.equal(inside.length, 10_000)
      assert.ok(inside.every((entry, index) => entry.value === `${index}`.repeat(100)))
      assert.equal(entries.length - inside.length, revision - 100)
    })

    test('everything is there after closing and opening again', async () => {
      await using fixture = await open()
      await fill(fixture.store, 500, (index) => `k/${index}`, String)
      const before = await fixture.store.range(everything)
      const store = await fixture.reopen()
      assert.deepEqual(await store.range(everything), before)
      assert.equal((await write(store, put('next', ''))).revision, before.revision + 1)
    })

    test('a closed store answers store_unavailable', async () => {
      await using fixture = await open()
      const { store } = fixture
      await store[Symbol.asyncDispose]()
      await assert.rejects(store.get('a'), (error) => isFault(error, 'store_unavailable'))
      await assert.rejects(write(store, put('a', '')), (error) => isFault(error, 'store_unavailable'))
      await store[Symbol.asyncDispose]()
    })
  })
}
