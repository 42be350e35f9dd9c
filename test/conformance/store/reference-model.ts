import type { Compare, Entry, KeyEvent, KeyRange, Operation, Revision, Transaction, TransactionResult } from '../../../src/store/contract.ts'

/** What a store must do, in the plainest form: a map, a counter and the list of all events. Slow on purpose. */
export class ReferenceModel {
  entries = new Map<string, Entry>()
  events: KeyEvent[] = []
  revision: Revision

  constructor(revision: Revision) {
    this.revision = revision
  }

  transact({ compare, then, else: otherwise = [] }: Transaction): TransactionResult {
    const held = compare.every((one) => this.#holds(one))
    const made = (held ? then : otherwise).flatMap((operation) => this.#apply(operation, this.revision + 1))
    if (made.length > 0) this.revision += 1
    this.events.push(...made)
    return { held, revision: this.revision }
  }

  range({ start, end }: KeyRange): readonly Entry[] {
    return [...this.entries.values()].filter(({ key }) => key >= start && key < end).toSorted((a, b) => (a.key < b.key ? -1 : 1))
  }

  eventsIn({ start, end }: KeyRange, from: Revision): readonly KeyEvent[] {
    return this.events.filter(({ key, revision }) => revision >= from && key >= start && key < end)
  }

  #holds(compare: Compare): boolean {
    const entry = this.entries.get(compare.key)
    if (compare.target === 'value') {
      if (entry === undefined) return false
      return compare.is === '=' ? entry.value === compare.to : entry.value !== compare.to
    }
    const found = entry === undefined ? 0 : entry[compare.target]
    return { '=': found === compare.to, '!=': found !== compare.to, '<': found < compare.to, '>': found > compare.to }[compare.is]
  }

  #apply(operation: Operation, revision: Revision): KeyEvent[] {
    if (operation.op === 'deleteRange') return this.range(operation.range).map(({ key }) => this.#remove(key, revision))
    const { key } = operation
    const before = this.entries.get(key)
    if (operation.op === 'delete') return before === undefined ? [] : [this.#remove(key, revision)]
    const { value, lease } = operation
    const entry: Entry = {
      key,
      value,
      createRevision: before?.createRevision ?? revision,
      modRevision: revision,
      version: (before?.version ?? 0) + 1,
      ...(lease === undefined ? {} : { lease }),
    }
    this.entries.set(key, entry)
    return [{ type: 'put', key, entry, revision }]
  }

  #remove(key: string, revision: Revision): KeyEvent {
    this.entries.delete(key)
    return { type: 'delete', key, revision }
  }
}
