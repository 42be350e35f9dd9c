import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { SortedEntries } from './sorted-entries.ts'

const entryOf = (key: string, modRevision = 1) => ({ key, value: key, createRevision: 1, modRevision, version: 1 })

describe('sorted entries', () => {
  test('after any puts and deletes each prefix lists what a sorted array would', () => {
    const key = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 4 })
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), key), { maxLength: 200 }), key, (steps, prefix) => {
        const entries = new SortedEntries()
        const plain = new Map<string, number>()
        for (const [index, [isPut, name]] of steps.entries()) {
          if (isPut) {
            entries.set(entryOf(name, index))
            plain.set(name, index)
          } else assert.equal(entries.delete(name), plain.delete(name))
        }
        const expected = [...plain].filter(([name]) => name.startsWith(prefix)).toSorted(([a], [b]) => (a < b ? -1 : 1))
        assert.deepEqual(
          entries.startingWith(prefix).map(({ entry }) => [entry.key, entry.modRevision]),
          expected,
        )
        assert.equal(entries.size, plain.size)
        for (const [name, modRevision] of plain) assert.equal(entries.get(name)?.entry.modRevision, modRevision)
      }),
    )
  })

  test('thousands of keys in any order stay sorted, and leave nothing when deleted', () => {
    const entries = new SortedEntries()
    const keys = Array.from({ length: 5000 }, (_, index) => `k/${String((index * 2_654_435_761) % 4_294_967_296).padStart(10, '0')}`)
    for (const key of keys) entries.set(entryOf(key))
    assert.deepEqual(
      entries.startingWith('k/').map(({ entry }) => entry.key),
      keys.toSorted(),
    )
    for (const key of keys) assert.ok(entries.delete(key))
    assert.deepEqual([entries.size, entries.startingWith('')], [0, []])
  })
})
