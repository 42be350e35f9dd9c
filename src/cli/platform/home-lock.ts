import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fault } from '../../model/fault/fault.ts'
import { isSameProcess, parseProcessIdentity, processIdentity } from '../../kit/process-identity.ts'
import type { CliContext } from '../context.ts'

const pollMs = 50
const timeoutMs = 120_000

export const lockFileOf = (home: string): string => join(home, 'lock')

/**
 * Lets one `up`, `down` or `restore` at a time change a home; another waits for it. Without it, of two that start at once, the loser's clean-up would
 * take down what the winner had begun. A lock whose process is dead is taken over. Fault timed_out.
 */
export async function lockHome(ctx: Pick<CliContext, 'clock' | 'signal' | 'progress'>, home: string): Promise<AsyncDisposable> {
  const path = lockFileOf(home)
  const temporary = `${path}.${process.pid}`
  // Without a home there is nothing that two could change at once.
  const text = JSON.stringify(processIdentity(process.pid))
  // A full disk must not keep a platform from being taken down; an `up` is refused there anyhow.
  if (!(await succeeds(writeFile(temporary, text), 'ENOENT', 'ENOSPC', 'EDQUOT', 'EROFS'))) {
    await rm(temporary, { force: true }).catch(() => undefined)
    return { [Symbol.asyncDispose]: () => Promise.resolve() }
  }
  try {
    const deadline = ctx.clock.monotonic() + timeoutMs
    let isTold = false
    // The lock appears whole, by link(2), which fails where there is one.
    while (!(await succeeds(link(temporary, path), 'EEXIST'))) {
      if (await removeIfStale(path)) continue
      if (!isTold) ctx.progress('Waiting for another `kante up` or `kante down` of this home …')
      isTold = true
      if (ctx.clock.monotonic() > deadline) throw fault('timed_out', { what: `the lock ${path}, held by another kante`, afterMs: timeoutMs })
      await ctx.clock.sleep(pollMs, ctx.signal)
    }
  } finally {
    await rm(temporary, { force: true })
  }
  return { [Symbol.asyncDispose]: () => rm(path, { force: true }) }
}

/** Of several that find a dead one's lock only one moves it away; what was moved by mistake, a living one's, is put back. */
async function removeIfStale(path: string): Promise<boolean> {
  if (await isHeld(path)) return false
  const stale = `${path}.stale.${process.pid}`
  if (!(await succeeds(rename(path, stale), 'ENOENT'))) return true
  if (await isHeld(stale)) await succeeds(link(stale, path), 'EEXIST')
  await rm(stale, { force: true })
  return true
}

async function isHeld(path: string): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  const holder = parseProcessIdentity(text)
  return holder !== undefined && isSameProcess(holder)
}

async function succeeds(action: Promise<void>, ...expected: readonly string[]): Promise<boolean> {
  try {
    await action
    return true
  } catch (error) {
    if (expected.includes((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  }
}
