import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bootId, isSameProcess, readProcess } from './process-table.ts'

/** Who keeps this host: `keeper.json` in its folder. */
export interface KeeperOwner {
  readonly pid: number
  readonly startTime: string
  readonly bootId: string
}
const lockFile = (dir: string) => join(dir, 'keeper.json')

/** The living keeper of this host, also one that no longer answers. */
export function readOwner(dir: string): KeeperOwner | undefined {
  return livingOwner(lockFile(dir))
}

/** Makes this process the host's keeper; false when another one lives. A lock is never half written: it appears by link(2), which fails when there is one. */
export function takeLock(dir: string): boolean {
  const path = lockFile(dir)
  const own: KeeperOwner = { pid: process.pid, startTime: readProcess(process.pid)?.startTime ?? '', bootId: bootId() }
  const temporary = `${path}.${process.pid}`
  try {
    writeFileSync(temporary, JSON.stringify(own), { mode: 0o600 })
    if (tryLink(temporary, path)) return true
    if (readOwner(dir) !== undefined) return false
    // A dead one's. Of several that find it only one moves it away, and the loser's link fails.
    const stale = `${path}.stale.${process.pid}`
    if (tryRename(path, stale) && livingOwner(stale) !== undefined) {
      tryLink(stale, path)
      return false
    }
    rmSync(stale, { force: true })
    return tryLink(temporary, path)
  } finally {
    rmSync(temporary, { force: true })
  }
}

const livingOwner = (path: string) => {
  const owner = parseOwner(path)
  return owner !== undefined && owner.bootId === bootId() && isSameProcess(owner.pid, owner.startTime) ? owner : undefined
}
export const releaseLock = (dir: string): void => rmSync(lockFile(dir), { force: true })

function parseOwner(path: string): KeeperOwner | undefined {
  try {
    const owner = JSON.parse(readFileSync(path, 'utf8')) as Partial<KeeperOwner> | null
    if (typeof owner?.pid !== 'number' || typeof owner.startTime !== 'string' || typeof owner.bootId !== 'string') return undefined
    return { pid: owner.pid, startTime: owner.startTime, bootId: owner.bootId }
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
const attempt = (action: () => void, expected: string) => {
  try {
    action()
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === expected) return false
    throw error
  }
}
const tryLink = (from: string, to: string) => attempt(() => linkSync(from, to), 'EEXIST')
const tryRename = (from: string, to: string) => attempt(() => renameSync(from, to), 'ENOENT')
