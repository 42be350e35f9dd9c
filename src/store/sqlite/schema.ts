import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { storeError } from './store-error.ts'

/** 'Knte': marks the file as ours in SQLite's header. */
const applicationId = 0x4b6e7465
export const schemaVersion = 1

const tables = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE lease (id INTEGER PRIMARY KEY AUTOINCREMENT, ttl_ms REAL NOT NULL) STRICT;
  CREATE TABLE entry (
    key TEXT NOT NULL UNIQUE,
    value TEXT NOT NULL,
    create_revision INTEGER NOT NULL,
    mod_revision INTEGER NOT NULL,
    version INTEGER NOT NULL,
    lease INTEGER REFERENCES lease (id)
  ) STRICT;
  CREATE INDEX entry_lease ON entry (lease) WHERE lease IS NOT NULL;
  -- One row for each key written, in order; value is NULL for a delete.
  CREATE TABLE history (
    id INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT,
    create_revision INTEGER NOT NULL,
    version INTEGER NOT NULL,
    lease INTEGER
  ) STRICT;
  CREATE INDEX history_revision ON history (revision);
  INSERT INTO meta VALUES ('schema', ${schemaVersion}), ('revision', 0), ('compacted', 0);
  PRAGMA application_id = ${applicationId};
`

/** Opens the file for this process alone and makes the tables in an empty one. Faults: foreign_data, store_in_use. */
export function openFile(path: string): DatabaseSync {
  makeFile(path)
  const db = new DatabaseSync(path, { timeout: 0 })
  try {
    // Exclusive before the first read: WAL needs no shared memory then, and SQLite's lock on the file keeps every other process out.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY; PRAGMA synchronous = FULL')
    const isNew = readPragma(db, 'application_id') === 0 && db.prepare('SELECT 1 FROM sqlite_schema').get() === undefined
    if (!isNew) checkOwner(db, path)
    db.exec('PRAGMA journal_mode = WAL')
    // Checkpoints run between batches, when answers have gone out, not inside a commit someone waits for.
    db.exec('PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -4096')
    db.exec('BEGIN EXCLUSIVE')
    if (isNew) db.exec(tables)
    db.exec('COMMIT')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** SQLite gives its log the file's mode. Never opens an existing file: closing it again would drop this process's locks on it (fcntl(2)). */
function makeFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}

function checkOwner(db: DatabaseSync, path: string): void {
  const foreign = (reason: string) => storeError('foreign_data', { path, reason })
  if (readPragma(db, 'application_id') !== applicationId) throw foreign('an SQLite database of another program')
  const row = db.prepare("SELECT value FROM meta WHERE name = 'schema'").get()
  const found = Number(row?.['value'])
  if (found !== schemaVersion) throw foreign(`schema version ${found}, this program knows ${schemaVersion}`)
}

const readPragma = (db: DatabaseSync, name: string): number => Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0])
