import type { DatabaseSync } from 'node:sqlite'
import type { Entry } from '../contract.ts'

const entryColumns = 'key, value, create_revision AS createRevision, mod_revision AS modRevision, version, lease'

/** A row of `entry` as SQLite gives it. */
export interface EntryRow {
  readonly key: string
  readonly value: string
  readonly createRevision: number
  readonly modRevision: number
  readonly version: number
  readonly lease: number | null
}
/** A row of `history`. */
export interface HistoryRow {
  readonly key: string
  readonly value: string | null
  readonly createRevision: number
  readonly version: number
  readonly lease: number | null
  readonly revision: number
}

/** Every statement of the store, prepared once. */
export function prepareStatements(db: DatabaseSync) {
  return {
    get: db.prepare(`SELECT ${entryColumns} FROM entry WHERE key = ?`),
    range: db.prepare(`SELECT ${entryColumns} FROM entry WHERE key >= ? AND key < ? ORDER BY key LIMIT ?`),
    rangeKeys: db.prepare(`SELECT ${entryColumns.replace('value', "'' AS value")} FROM entry WHERE key >= ? AND key < ? ORDER BY key LIMIT ?`),
    keysOfLease: db.prepare('SELECT key, create_revision AS createRevision FROM entry WHERE lease = ? ORDER BY key'),
    put: db.prepare(
      `INSERT INTO entry (key, value, create_revision, mod_revision, version, lease) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET value = excluded.value, mod_revision = excluded.mod_revision, version = excluded.version, lease = excluded.lease`,
    ),
    delete: db.prepare('DELETE FROM entry WHERE key = ?'),
    record: db.prepare('INSERT INTO history (revision, key, value, create_revision, version, lease) VALUES (?, ?, ?, ?, ?, ?)'),
    historyFrom: db.prepare(
      `SELECT revision, key, value, create_revision AS createRevision, version, lease FROM history
       WHERE revision >= ? AND key >= ? AND key < ? ORDER BY revision, id`,
    ),
    historySize: db.prepare('SELECT coalesce(sum(length(key) + coalesce(octet_length(value), 0)), 0) AS bytes FROM history WHERE revision < ?'),
    historySteps: db.prepare(
      'SELECT revision, sum(length(key) + coalesce(octet_length(value), 0)) AS bytes FROM history GROUP BY revision ORDER BY revision',
    ),
    forget: db.prepare('DELETE FROM history WHERE revision < ?'),
    readMeta: db.prepare('SELECT value FROM meta WHERE name = ?'),
    setMeta: db.prepare('UPDATE meta SET value = ? WHERE name = ?'),
    addLease: db.prepare('INSERT INTO lease (ttl_ms) VALUES (?)'),
    dropLease: db.prepare('DELETE FROM lease WHERE id = ?'),
    hasLease: db.prepare('SELECT 1 FROM lease WHERE id = ?'),
    leases: db.prepare('SELECT id, ttl_ms AS ttlMs FROM lease ORDER BY id'),
  }
}
export type Statements = ReturnType<typeof prepareStatements>

export const toEntry = (row: EntryRow): Entry => ({
  key: row.key,
  value: row.value,
  createRevision: row.createRevision,
  modRevision: row.modRevision,
  version: row.version,
  ...(row.lease === null ? {} : { lease: String(row.lease) }),
})
