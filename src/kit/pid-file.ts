import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { isSameProcess, parseProcessIdentity, processIdentity, type ProcessIdentity } from './process-identity.ts'

/**
 * Makes this process the one that the file names, by pid and start time. Gives the holder when another one lives: of several that ask at the same moment one
 * gets it. The file appears whole, by link(2), which fails where there is one; it stays when its process ends, and counts for nothing then.
 */
export function takePidFile(path: string): ProcessIdentity | undefined {
  const temporary = `${path}.${process.pid}`
  try {
    writeFileSync(temporary, JSON.stringify(processIdentity(process.pid)), { mode: 0o600 })
    for (;;) {
      if (succeeds(() => linkSync(temporary, path), 'EEXIST')) return undefined
      const holder = livingHolder(path)
      if (holder !== undefined) return holder.pid === process.pid ? undefined : holder
      // A dead one's, or no pid file at all. Of those who find it one moves it away; a living one's, moved by mistake, is put back.
      const stale = `${path}.stale.${process.pid}`
      if (!succeeds(() => renameSync(path, stale), 'ENOENT')) continue
      if (livingHolder(stale) !== undefined) succeeds(() => linkSync(stale, path), 'EEXIST')
      rmSync(stale, { force: true })
    }
  } finally {
    rmSync(temporary, { force: true })
  }
}

function livingHolder(path: string): ProcessIdentity | undefined {
  let text = ''
  if (!succeeds(() => (text = readFileSync(path, 'utf8')), 'ENOENT')) return undefined
  const recorded = parseProcessIdentity(text)
  return recorded !== undefined && isSameProcess(recorded) ? recorded : undefined
}

function succeeds(action: () => unknown, expected: string): boolean {
  try {
    action()
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === expected) return false
    throw error
  }
}
