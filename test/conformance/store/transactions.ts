import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { Fault, isFault } from '../../../src/model/fault/fault.ts'
import { everything, prefixRange, type Compare, type Operation } from '../../../src/store/contract.ts'
import { atRevision, eventsOf, isMissing, put, remove, write, type OpenFixture } from './store-fixture.ts'

export function describeTransactions(open: OpenFixture): void {
  describe('transactions', () => {
    test('each that writes makes one revision, whatever it touches; one that writes nothing makes none', async () => {
      await using fixture = await open()
      const { store } = fixture
      assert.deepEqual(await write(store, put('a', '1'), put('b', '1'), put('c', '1')), { held: true, revision: 1 })
      assert.deepEqual(await write(store), { held: true, revision: 1 })
      assert.deepEqual(await write(store, remove('none')), { held: true, revision: 1 })
      assert.deepEqual(await write(store, { op: 'deleteRange', range: prefixRange('x/') }), { held: true, revision: 1 })
      assert.deepEqual(await write(store, put('a', '1')), { held: true, revision: 2 })
      assert.deepEqual(await write(store, { op: 'deleteRange', range: everything }), { held: true, revision: 3 })
      assert.deepEqual((await store.range(everything)).entries, [])
    })

    test('compares of several keys hold all or none', async () => {
      await using fixture = await open()
      const { store } = fixture
      await write(store, put('a', '1'), put('b', '1'))
      const [a, b] = (await store.range(everything)).entries
      assert.ok(a && b)
      await write(store, put('b', '2'))
      const stale = await store.transact({ compare: [atRevision(a), atRevision(b)], then: [put('a', 'x')], else: [put('lost', 'yes')] })
      assert.deepEqual(stale, { held: false, revision: 3 })
      assert.equal((await store.get('a'))?.value, '1')
      assert.equal((await store.get('lost'))?.value, 'yes')
      assert.deepEqual(await store.transact({ compare: [atRevision(b)], then: [put('a', 'x')] }), { held: false, revision: 3 })
    })

    test('every comparison, of keys there and missing', async () => {
      await using fixture = await open()
      const { store } = fixture
      await write(store, put('other', ''))
      await write(store, put('k', 'v'))
      await write(store, put('k', 'w'))
      const holds = async (compare: Compare) => (await store.transact({ compare: [compare], then: [] })).held
      for (const [target, value] of [
        ['createRevision', 2],
        ['modRevision', 3],
        ['version', 2],
      ] as const) {
        for (const key of ['k', 'missing']) {
          const found = key === 'k' ? value : 0
          for (const to of [0, 1, 2, 3, 4]) {
            assert.equal(await holds({ key, target, is: '=', to }), found === to, `${key} ${target} = ${to}`)
            assert.equal(await holds({ key, target, is: '!=', to }), found !== to, `${key} ${target} != ${to}`)
            assert.equal(await holds({ key, target, is: '<', to }), found < to, `${key} ${target} < ${to}`)
            assert.equal(await holds({ key, target, is: '>', to }), found > to, `${key} ${target} > ${to}`)
          }
        }
      }
      assert.equal(await holds({ key: 'k', target: 'value', is: '=', to: 'w' }), true)
      assert.equal(await holds({ key: 'k', target: 'value', is: '!=', to: 'w' }), false)
      assert.equal(await holds({ key: 'k', target: 'value', is: '!=', to: 'v' }), true)
      assert.equal(await holds({ key: 'missing', target: 'value', is: '=', to: '' }), false)
      assert.equal(await holds({ key: 'missing', target: 'value', is: '!=', to: 'w' }), false)
    })

    test('1,000 concurrent increments by compare-and-swap lose none', async () => {
      await using fixture = await open()
      const { store } = fixture
      const increment = async (): Promise<void> => {
        for (;;) {
          const entry = await store.get('counter')
          const compare = entry ? [atRevision(entry)] : [isMissing('counter')]
          const { held } = await store.transact({ compare, then: [put('counter', String(Number(entry?.value ?? 0) + 1))] })
          if (held) return
        }
      }
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          for (let round = 0; round < 50; round += 1) await increment()
        }),
      )
      const counter = await store.get('counter')
      assert.deepEqual([counter?.value, counter?.version, counter?.modRevision], ['1000', 1000, 1000])
    })

    test('a key may be written once in a transaction', async () => {
      await using fixture = await open()
      const { store } = fixture
      const twice: Operation[][] = [
        [put('a', '1'), put('a', '2')],
        [put('a', '1'), remove('a')],
        [remove('a'), remove('a')],
        [put('a/1', ''), { op: 'deleteRange', range: prefixRange('a/') }],
        [
          { op: 'deleteRange', range: prefixRange('a/') },
          { op: 'deleteRange', range: { start: 'a/5', end: 'b' } },
        ],
      ]
      for (const then of twice) {
        await assert.rejects(store.transact({ compare: [], then }), (error) => isFault(error, 'invalid_value'))
        await assert.rejects(store.transact({ compare: [isMissing('a')], then: [], else: then }), (error) => isFault(error, 'invalid_value'))
      }
      await write(store, put('b', ''), { op: 'deleteRange', range: prefixRange('a/') }, { op: 'deleteRange', range: prefixRange('c/') })
      assert.equal(await store.revision(), 1)
    })

    test('128 operations and 1 MiB are allowed, more are refused whole', async () => {
      await using fixture = await open()
      const { store } = fixture
      const puts = (count: number) => Array.from({ length: count }, (_, index) => put(`k/${index}`, ''))
      await write(store, ...puts(128))
      await assert.rejects(write(store, ...puts(129)), (error) => isFault(error, 'transaction_too_large'))
      await assert.rejects(
        store.transact({ compare: puts(129).map((operation) => isMissing(operation.op === 'put' ? operation.key : '')), then: [] }),
        (error) => isFault(error, 'transaction_too_large'),
      )
      await write(store, put('big', 'x'.repeat(1024 * 1024 - 3)))
      await assert.rejects(write(store, put('big', 'x'.repeat(1024 * 1024 - 2))), (error) => isFault(error, 'transaction_too_large'))
      await assert.rejects(write(store, put('big', 'ü'.repeat(524_287))), (error) => isFault(error, 'transaction_too_large'))
      assert.equal(await store.revision(), 2)
      const events = await eventsOf(store, prefixRange('big'), 1, 2)
      assert.equal(events[0]?.entry?.value.length, 1024 * 1024 - 3)
    })

    test('buffered and durable writes keep their order and are both there after reopening', async () => {
      await using fixture = await open()
      for (let index = 0; index < 20; index += 1) {
        const durability = index % 3 === 0 ? 'durable' : 'buffered'
        await fixture.store.transact({ compare: [], then: [put(`k/${String(index).padStart(2, '0')}`, durability)] }, { durability })
      }
      const store = await fixture.reopen()
      assert.deepEqual(
        (await store.range(prefixRange('k/'))).entries.map((entry) => entry.modRevision),
        Array.from({ length: 20 }, (_, index) => index + 1),
      )
    })

    test('whatever is asked, the answer is a result or a fault, and the store goes on', async () => {
      await using fixture = await open()
      const { store } = fixture
      const key = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('a', 'a/b', '', ' ', 'ä', '\0', 'x'.repeat(600)))
      const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\uD800', '\0', ''))
      const operation = fc.oneof(
        fc.record({ op: fc.constant('put' as const), key, value: text }),
        fc.record({ op: fc.constant('put' as const), key, value: text, lease: fc.string() }),
        fc.record({ op: fc.constant('delete' as const), key }),
        fc.record({ op: fc.constant('deleteRange' as const), range: fc.record({ start: key, end: key }) }),
      )
      const transaction = fc.record({
        compare: fc.array(
          fc.record({ key, target: fc.constantFrom('version' as const), is: fc.constantFrom('=' as const, '<' as const), to: fc.double() }),
        ),
        then: fc.array(operation, { maxLength: 6 }),
      })
      await fc.assert(
        fc.asyncProperty(transaction, async (given) => {
          const before = await store.revision()
          try {
            const { revision } = await store.transact(given, { durability: 'buffered' })
            assert.ok(revision === before || revision === before + 1)
          } catch (error) {
            if (!(error instanceof Fault)) throw error
            assert.ok(['invalid_value', 'store_lease_ended'].includes(error.code), error.code)
            assert.equal(await store.revision(), before)
          }
        }),
        { numRuns: 300 },
      )
    })
  })
}
