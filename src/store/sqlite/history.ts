import type { KeyEvent, KeyRange, Revision } from '../contract.ts'
import type { HistoryRow, Statements } from './statements.ts'

/** Events of whole revisions; `revision` is the last one looked at, even when nothing in it touched the range. */
export interface HistoryPart {
  readonly events: readonly KeyEvent[]
  readonly revision: Revision
}

/** Reads on from a revision until about `maxBytes`, ending on a whole revision; one revision is read even when it alone is larger. */
export function readHistory(statements: Statements, range: KeyRange, from: Revision, current: Revision, maxBytes: number): HistoryPart {
  const events: KeyEvent[] = []
  let bytes = 0
  for (const raw of statements.historyFrom.iterate(from, range.start, range.end)) {
    const row = raw as unknown as HistoryRow
    const last = events.at(-1)
    if (bytes >= maxBytes && last !== undefined && last.revision !== row.revision) return { events, revision: last.revision }
    events.push(toEvent(row))
    bytes += row.key.length + (row.value?.length ?? 0) + 64
  }
  return { events, revision: current }
}

export const eventSize = (event: KeyEvent): number => event.key.length + (event.entry?.value.length ?? 0) + 64

function toEvent(row: HistoryRow): KeyEvent {
  const { key, revision, value, createRevision, version, lease } = row
  if (value === null) return { type: 'delete', key, revision }
  const entry = { key, value, createRevision, modRevision: revision, version, ...(lease === null ? {} : { lease: String(lease) }) }
  return { type: 'put', key, entry, revision }
}
