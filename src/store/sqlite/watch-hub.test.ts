import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { everything, type KeyEvent, type KeyRange, type WatchBatch } from '../contract.ts'
import type { HistoryPart } from './history.ts'
import { WatchHub, type HistorySource } from './watch-hub.ts'

/** A history of puts of 10 kB each, read in parts as the real one is. */
function openHistory() {
  const events: KeyEvent[] = []
  const source: HistorySource & { revision: number; compacted: number } = {
    revision: 0,
    compacted: 0,
    history(range: KeyRange, from: number, maxBytes: number): HistoryPart {
      const wanted = events.filter((event) => event.revision >= from && event.key >= range.start && event.key < range.end)
      const part = wanted.slice(0, Math.ceil(maxBytes / 10_000))
      return { events: part, revision: part.length < wanted.length ? (part.at(-1)?.revision ?? 0) : source.revision }
    },
  }
  const put = (key: string): readonly KeyEvent[] => {
    const revision = ++source.revision
    const event: KeyEvent = {
      type: 'put',
      key,
      revision,
      entry: { key, value: 'x'.repeat(10_000), createRevision: revision, modRevision: revision, version: 1 },
    }
    events.push(event)
    return [event]
  }
  return { source, put }
}

function openReader() {
  const batches: { readonly watchId: number; readonly batch: WatchBatch; readonly bytes: number }[] = []
  const revisions = () => batches.flatMap(({ batch }) => (batch.type === 'events' ? batch.events.map((event) => event.revision) : []))
  return { batches, revisions, send: (watchId: number, batch: WatchBatch, bytes: number) => void batches.push({ watchId, batch, bytes }) }
}
const watchOf = (range: KeyRange, fromRevision?: number, progress = false) => ({ watchId: 1, range, fromRevision, progress })
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

describe('the watch hub', () => {
  test('sends a reader that reads nothing about 1 MiB, however much is written, and the rest as it reads on', () => {
    const { source, put } = openHistory()
    const reader = openReader()
    const hub = new WatchHub(source, reader.send)
    hub.add(watchOf(everything))
    for (let index = 0; index < 1000; index += 1) hub.committed(source.revision + 1, put(`k/${index}`))
    const underway = reader.batches.reduce((sum, { bytes }) => sum + bytes, 0)
    assert.ok(underway > 1024 * 1024 - 20_000 && underway < 1024 * 1024 + 300_000, `${underway} bytes`)
    for (let taken = 0; taken < reader.batches.length; taken += 1) hub.taken(1, reader.batches[taken]?.bytes ?? 0)
    assert.deepEqual(reader.revisions(), upTo(1000))
  })

  test('a reader that lags and catches up gets new events at once again, none twice', () => {
    const { source, put } = openHistory()
    const reader = openReader()
    const hub = new WatchHub(source, reader.send)
    hub.add(watchOf(everything, 1))
    for (let round = 0; round < 5; round += 1) {
      for (let index = 0; index < 150; index += 1) hub.committed(source.revision + 1, put('k'))
      for (const { bytes } of reader.batches.splice(0, 50)) hub.taken(1, bytes)
      assert.ok(reader.batches.length > 0)
      while (reader.batches.length > 0) hub.taken(1, reader.batches.shift()?.bytes ?? 0)
      hub.committed(source.revision + 1, put('k'))
      assert.deepEqual(reader.revisions(), [source.revision])
      hub.taken(1, reader.batches.shift()?.bytes ?? 0)
    }
  })

  test('a reader that lags behind compaction is told so, once, and gets no more', () => {
    const { source, put } = openHistory()
    const reader = openReader()
    const hub = new WatchHub(source, reader.send)
    hub.add(watchOf(everything))
    for (let index = 0; index < 300; index += 1) hub.committed(source.revision + 1, put('k'))
    source.compacted = 250
    const sent = reader.batches.length
    for (const { bytes } of reader.batches.slice()) hub.taken(1, bytes)
    hub.committed(source.revision + 1, put('k'))
    assert.deepEqual(
      reader.batches.slice(sent).map(({ batch }) => batch),
      [{ type: 'compacted', compactRevision: 250 }],
    )
  })

  test('what is elsewhere is told as progress to who wants it, and to nobody else', () => {
    for (const progress of [true, false]) {
      const { source, put } = openHistory()
      const reader = openReader()
      const hub = new WatchHub(source, reader.send)
      hub.add(watchOf({ start: 'a', end: 'b' }, undefined, progress))
      hub.committed(1, put('k'))
      assert.deepEqual(
        reader.batches.map(({ batch }) => batch),
        progress ? [{ type: 'events', revision: 1, events: [] }] : [],
      )
    }
  })

  test('nothing is sent after a watch is removed', () => {
    const { source, put } = openHistory()
    const reader = openReader()
    const hub = new WatchHub(source, reader.send)
    hub.add(watchOf(everything))
    hub.remove(1)
    hub.committed(1, put('k'))
    hub.taken(1, 10)
    assert.deepEqual(reader.batches, [])
  })
})
