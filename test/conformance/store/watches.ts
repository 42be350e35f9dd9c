import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isFault } from '../../../src/model/fault/fault.ts'
import { everything, prefixRange, type KeyEvent, type WatchBatch } from '../../../src/store/contract.ts'
import { eventsOf, fill, put, readUntil, remove, write, type OpenFixture } from './store-fixture.ts'

export function describeWatches(open: OpenFixture): void {
  describe('watches', () => {
    test('without a revision a watch tells what comes after the call', async () => {
      await using fixture = await open()
      const { store } = fixture
      const stop = new AbortController()
      await write(store, put('k/before', ''))
      const watch = store.watch({ range: prefixRange('k/'), signal: stop.signal })
      await write(store, put('k/1', 'a'), put('elsewhere', ''))
      await write(store, put('elsewhere', ''))
      await write(store, remove('k/1'))
      assert.deepEqual(await readUntil(watch, 4), [
        { type: 'put', key: 'k/1', revision: 2, entry: { key: 'k/1', value: 'a', createRevision: 2, modRevision: 2, version: 1 } },
        { type: 'delete', key: 'k/1', revision: 4 },
      ] satisfies KeyEvent[])
      stop.abort()
    })

    test('from any revision on, each event comes once, in order, in whole revisions, while writes go on', async () => {
      await using fixture = await open()
      const { store } = fixture
      const pairs = 300
      const writing = (async () => {
        for (let index = 0; index < pairs; index += 1) {
          await store.transact({ compare: [], then: [put('p/a', `${index}`), put('p/b', `${index}`)] }, { durability: 'buffered' })
        }
      })()
      const watched = Array.from({ length: 20 }, async (_, watcher) => {
        const from = watcher * 14 + 1
        const stop = new AbortController()
        const seen: KeyEvent[] = []
        for await (const batch of store.watch({ range: prefixRange('p/'), fromRevision: from, signal: stop.signal })) {
          assert.equal(batch.type, 'events')
          if (batch.type !== 'events') return
          assert.equal(batch.events.length % 2, 0, 'a revision was torn apart')
          assert.equal(batch.events.at(-1)?.revision, batch.revision)
          seen.push(...batch.events)
          if (batch.revision === pairs) break
        }
        assert.deepEqual(
          seen.map((event) => `${event.revision} ${event.key}`),
          Array.from({ length: pairs - from + 1 }, (_, index) => [`${from + index} p/a`, `${from + index} p/b`]).flat(),
        )
      })
      await Promise.all([writing, ...watched])
    })

    test('a reader that is slow gets all of it', async () => {
      await using fixture = await open()
      const { store } = fixture
      const stop = new AbortController()
      const watch = store.watch({ range: everything, signal: stop.signal })[Symbol.asyncIterator]()
      await fill(
        store,
        5000,
        (index) => `k/${String(index).padStart(5, '0')}`,
        () => 'v'.repeat(2000),
      )
      const keys: string[] = []
      while (keys.length < 5000) {
        const { value } = (await watch.next()) as IteratorYieldResult<WatchBatch>
        if (value.type === 'compacted') assert.fail('compacted')
        keys.push(...value.events.map((event) => event.key))
        await store.revision()
      }
      assert.deepEqual(keys, keys.toSorted())
      assert.equal(new Set(keys).size, 5000)
      stop.abort()
    })

    test('200 watchers are told of one write', async () => {
      await using fixture = await open()
      const stop = new AbortController()
      const watches = Array.from({ length: 200 }, () => fixture.store.watch({ range: everything, signal: stop.signal }))
      const { revision } = await write(fixture.store, put('k', ''))
      const told = await Promise.all(watches.map((watch) => readUntil(watch, revision)))
      assert.ok(told.every((events) => events.length === 1))
      stop.abort()
    })

    test('a watch from a revision to come waits for it', async () => {
      await using fixture = await open()
      const stop = new AbortController()
      const watch = fixture.store.watch({ range: everything, fromRevision: 3, signal: stop.signal })
      await Promise.all(['a', 'b', 'c', 'd'].map((key) => write(fixture.store, put(key, ''))))
      assert.deepEqual(
        (await readUntil(watch, 4)).map((event) => event.revision),
        [3, 4],
      )
      stop.abort()
    })

    test('with progress a watch also tells of revisions elsewhere', async () => {
      await using fixture = await open()
      await write(fixture.store, put('elsewhere', '1'))
      const stop = new AbortController()
      const watch = fixture.store.watch({ range: prefixRange('k/'), fromRevision: 1, progress: true, signal: stop.signal })
      const { revision } = await write(fixture.store, put('elsewhere', '2'))
      assert.deepEqual(await readUntil(watch, revision), [])
      stop.abort()
    })

    test('history that is forgotten gives a compacted batch and the end; what is kept is still told', async () => {
      await using fixture = await open()
      const { store } = fixture
      for (let index = 1; index <= 10; index += 1) await write(store, put('k', `${index}`))
      await store.compact(6)
      const batches: WatchBatch[] = []
      for await (const batch of store.watch({ range: everything, fromRevision: 5, signal: new AbortController().signal })) batches.push(batch)
      assert.deepEqual(batches, [{ type: 'compacted', compactRevision: 6 }])
      assert.deepEqual(
        (await eventsOf(store, everything, 6, 10)).map((event) => event.revision),
        [6, 7, 8, 9, 10],
      )
      assert.equal((await store.get('k'))?.version, 10)
      await store.compact(3)
      await assert.rejects(store.compact(11), (error) => isFault(error, 'invalid_value'))
    })

    test('history is there after closing and opening again', async () => {
      await using fixture = await open()
      for (let index = 1; index <= 5; index += 1) await write(fixture.store, put('k', `${index}`))
      await fixture.store.compact(2)
      const store = await fixture.reopen()
      assert.deepEqual(
        (await eventsOf(store, everything, 2, 5)).map((event) => event.entry?.value),
        ['2', '3', '4', '5'],
      )
      const stop = new AbortController()
      for await (const batch of store.watch({ range: everything, fromRevision: 1, signal: stop.signal })) {
        assert.deepEqual(batch, { type: 'compacted', compactRevision: 2 })
      }
    })

    test('the signal ends a watch normally, a closed store by store_unavailable', async () => {
      await using fixture = await open()
      const { store } = fixture
      const stop = new AbortController()
      const ended = (async () => {
        for await (const _ of store.watch({ range: everything, signal: stop.signal })) assert.fail('no event was due')
      })()
      stop.abort()
      await ended
      for await (const _ of store.watch({ range: everything, signal: stop.signal })) assert.fail('no event was due')
      const cut = store.watch({ range: everything, signal: new AbortController().signal })[Symbol.asyncIterator]()
      const reading = assert.rejects(cut.next(), (error) => isFault(error, 'store_unavailable'))
      await store[Symbol.asyncDispose]()
      await reading
    })
  })
}
