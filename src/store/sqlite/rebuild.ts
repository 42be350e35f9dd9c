import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { syncDirectories } from './sync-directories.ts'

/**
 * After a failed fsync the file must not be written on: the kernel has marked the lost pages as clean, so a later fsync succeeds without them (ext4
 * even leaves rewritten ones as holes), and a checkpoint that believes it would throw away the log that still has them. What the database
 * shows is still right, because the log is in front of every page that failed: so it is copied into a new file, which takes the old one's place.
 * Closes `db`. A crash at any point leaves the old file with its log, or a complete copy that `finishRebuild` puts in place.
 */
export function rebuild(db: DatabaseSync, path: string): void {
  const unfinished = `${path}.copying`
  rmSync(unfinished, { force: true })
  db.prepare('VACUUM INTO ?').run(unfinished)
  syncFile(unfinished)
  renameSync(unfinished, completeCopy(path))
  syncDirectories(dirname(path), undefined)
  db.close()
  finishRebuild(path)
}

/** Puts a complete copy in the place of the file it was made from; to be called before a file is opened. */
export function finishRebuild(path: string): void {
  const copy = completeCopy(path)
  if (!existsSync(copy)) return
  // The old file's log must not be played into the new file.
  rmSync(`${path}-wal`, { force: true })
  syncDirectories(dirname(path), undefined)
  renameSync(copy, path)
  syncDirectories(dirname(path), undefined)
}

const completeCopy = (path: string): string => `${path}.new`

function syncFile(path: string): void {
  const fd = openSync(path, 'r+')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
