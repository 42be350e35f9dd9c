import { closeSync, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'

/** Makes the entry of a new file, and those of the folders made for it (from `firstMade` down), durable. */
export function syncDirectories(folder: string, firstMade: string | undefined): void {
  const last = firstMade === undefined ? folder : dirname(firstMade)
  for (let at = folder; ; at = dirname(at)) {
    syncDirectory(at)
    if (at === last || at === dirname(at)) return
  }
}

function syncDirectory(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
