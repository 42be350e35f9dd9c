import type { Compare, Entry, KeyEvent, KeyRange, Operation, Revision, Store, TransactionResult, WatchBatch } from '../../../src/store/contract.ts'

/** A fresh, empty store for one test. `reopen` closes it and opens the same data again. */
export interface StoreFixture extends AsyncDisposable {
  readonly store: Store
  reopen(): Promise<Store>
}
export type OpenFixture = () => Promise<StoreFixture>

export const put = (key: string, value: string, lease?: string): Operation => ({ op: 'put', key, value, ...(lease === undefined ? {} : { lease }) })
export const remove = (key: string): Operation => ({ op: 'delete', key })
export const write = (store: Store, ...then: Operation[]): Promise<TransactionResult> => store.transact({ compare: [], then })
export const isMissing = (key: string): Compare => ({ key, target: 'createRevision', is: '=', to: 0 })
export const atRevision = (entry: Entry): Compare => ({ key: entry.key, target: 'modRevision', is: '=', to: entry.modRevision })

/** Fills a store with many keys, 100 to a transaction. */
export async function fill(store: Store, count: number, key: (index: number) => string, value: (index: number) => string): Promise<void> {
  const batches = Array.from({ length: Math.ceil(count / 100) }, (_, batch) =>
    write(
      store,
      ...Array.from({ length: Math.min(100, count - batch * 100) }, (_, index) => put(key(batch * 100 + index), value(batch * 100 + index))),
    ),
  )
  await Promise.all(batches)
}

/** Reads a watch until it has told of the revision (or ended); needs `progress` unless that revision touches the range. */
export async function readUntil(watch: AsyncIterable<WatchBatch>, revision: Revision): Promise<readonly KeyEvent[]> {
  const events: KeyEvent[] = []
  for await (const batch of watch) {
    if (batch.type === 'compacted') throw new Error(`compacted at ${batch.compactRevision}`)
    events.push(...batch.events)
    if (batch.revision >= revision) break
  }
  return events
}

/** Opens a watch and reads it until `revision`. */
export async function eventsOf(store: Store, range: KeyRange, fromRevision: Revision, until: Revision): Promise<readonly KeyEvent[]> {
  const stop = new AbortController()
  try {
    return await readUntil(store.watch({ range, fromRevision, progress: true, signal: stop.signal }), until)
  } finally {
    stop.abort()
  }
}
