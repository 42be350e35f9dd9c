import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { prefixRange, type Compare, type KeyRange, type Operation, type Transaction } from '../../../src/store/contract.ts'
import { ReferenceModel } from './reference-model.ts'
import { eventsOf, type OpenFixture } from './store-fixture.ts'

/** Few keys, so that transactions meet; the run's prefix is put before them. */
const names = ['a', 'a/1', 'a/2', 'ab', 'b', 'b/1', 'c'] as const
const name = fc.constantFrom(...names)
const value = fc.constantFrom('', 'x', 'y', '{"n":1}')
const span = fc.tuple(name, name).map(([a, b]): KeyRange => (a < b ? { start: a, end: b } : { start: b, end: a }))
const compare: fc.Arbitrary<Compare> = fc.oneof(
  fc.record({ key: name, target: fc.constant('value' as const), is: fc.constantFrom('=' as const, '!=' as const), to: value }),
  fc.record({
    key: name,
    target: fc.constantFrom('version' as const, 'modRevision' as const, 'createRevision' as const),
    is: fc.constantFrom('=' as const, '!=' as const, '<' as const, '>' as const),
    to: fc.nat({ max: 5 }),
  }),
)
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ op: fc.constant('put' as const), key: name, value }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('delete' as const), key: name }) },
)
const uniqueOperations = fc.uniqueArray(operation, { maxLength: 4, selector: (one) => (one.op === 'deleteRange' ? '' : one.key) })
const branch = fc.oneof(
  { weight: 5, arbitrary: uniqueOperations },
  { weight: 1, arbitrary: span.map((range): Operation[] => [{ op: 'deleteRange', range }]) },
)
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('transact' as const),
      transaction: fc.record({ compare: fc.array(compare, { maxLength: 2 }), then: branch, else: branch }),
      durability: fc.constantFrom('durable' as const, 'buffered' as const, 'buffered' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('range' as const), range: span }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('watch' as const), range: span, back: fc.nat({ max: 20 }) }) },
)

export function describeHistories(open: OpenFixture): void {
  describe('random histories', () => {
    test('answer as the reference model does', async () => {
      await using fixture = await open()
      const { store } = fixture
      let run = 0
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
          const prefix = `run/${run++}/`
          const base = await store.revision()
          const model = new ReferenceModel(base)
          for (const one of steps) {
            switch (one.do) {
              case 'transact': {
                const transaction = shifted(one.transaction, prefix, base)
                assert.deepEqual(await store.transact(transaction, { durability: one.durability }), model.transact(transaction))
                break
              }
              case 'range': {
                const range = shiftedRange(one.range, prefix)
                assert.deepEqual(await store.range(range), { entries: model.range(range), revision: model.revision, more: false })
                break
              }
              case 'watch': {
                const range = shiftedRange(one.range, prefix)
                const from = Math.max(base + 1, model.revision - one.back)
                if (from <= model.revision) assert.deepEqual(await eventsOf(store, range, from, model.revision), model.eventsIn(range, from))
                break
              }
            }
          }
          const whole = prefixRange(prefix)
          assert.deepEqual((await store.range(whole)).entries, model.range(whole))
          if (model.revision > base) assert.deepEqual(await eventsOf(store, whole, base + 1, model.revision), model.events)
        }),
        { numRuns: 150 },
      )
    })

    test('survive being closed and opened again at any point', async () => {
      await using fixture = await open()
      const model = new ReferenceModel(0)
      const histories = fc.sample(fc.array(step, { minLength: 10, maxLength: 30 }), { numRuns: 8, seed: 7 })
      for (const steps of histories) {
        for (const one of steps) {
          if (one.do === 'transact') assert.deepEqual(await fixture.store.transact(one.transaction), model.transact(one.transaction))
        }
        const store = await fixture.reopen()
        const all = prefixRange('')
        assert.deepEqual(await store.range(all), { entries: model.range(all), revision: model.revision, more: false })
        if (model.revision > 0) assert.deepEqual(await eventsOf(store, all, 1, model.revision), model.events)
      }
    })
  })
}

/** The same transaction on the run's own keys, revisions counted from its start. */
function shifted(transaction: Transaction, prefix: string, base: number): Transaction {
  const move = (operation: Operation): Operation =>
    operation.op === 'deleteRange'
      ? { op: 'deleteRange', range: shiftedRange(operation.range, prefix) }
      : { ...operation, key: prefix + operation.key }
  return {
    compare: transaction.compare.map((one) => {
      const key = prefix + one.key
      return one.target === 'modRevision' || one.target === 'createRevision' ? { ...one, key, to: one.to + base } : { ...one, key }
    }),
    then: transaction.then.map(move),
    else: (transaction.else ?? []).map(move),
  }
}

const shiftedRange = (range: KeyRange, prefix: string): KeyRange => ({ start: prefix + range.start, end: prefix + range.end })
