import type { LogLine } from '../../protocol/log-line.ts'

/** Lines of several hosts in the order of their time; of one millisecond, in the order of their ids. */
export const byTime = (a: LogLine, b: LogLine): number => (a.id === b.id ? (a.region < b.region ? -1 : 1) : a.id < b.id ? -1 : 1)

/**
 * Lines of several followed logs as they come. Nothing is held back to sort: a line that is late by its clock is late here. When the reader waits, the
 * sources wait. Ends when all of them have, or when the caller stops.
 */
export async function* interleave<Item>(sources: readonly AsyncIterable<Item>[]): AsyncGenerator<Item> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]())
  const pending = new Map(iterators.map((iterator, at) => [at, next(iterator, at)]))
  try {
    while (pending.size > 0) {
      const { at, result } = await Promise.race(pending.values())
      const iterator = iterators[at]
      if (result.done || iterator === undefined) {
        pending.delete(at)
        continue
      }
      pending.set(at, next(iterator, at))
      yield result.value
    }
  } finally {
    for (const left of pending.values()) left.catch(() => undefined)
    for (const iterator of iterators) void iterator.return?.()?.catch(() => undefined)
  }
}
const next = async <Item>(iterator: AsyncIterator<Item>, at: number) => ({ at, result: await iterator.next() })
