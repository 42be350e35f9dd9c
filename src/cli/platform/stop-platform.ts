import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isSameProcess, type ProcessIdentity } from '../../kit/process-identity.ts'
import { readPlatformFile } from '../../kit/platform-file.ts'
import { platformPaths, type PlatformPaths } from '../../kit/platform-paths.ts'
import type { CliContext } from '../context.ts'
import { findDaemon } from './daemon.ts'
import { stopKeeper } from './stop-keeper.ts'

const daemonTimeoutMs = 15_000
/** Beyond Fly.io's longest kill_timeout (300 s): a keeper gives its machines what they were promised. */
const keeperTimeoutMs = 330_000

export interface Stopped {
  readonly daemon: boolean
  /** Regions whose keeper ended its machines and its edge. */
  readonly keepers: readonly string[]
  /** Processes that a dead keeper had left. */
  readonly orphans: number
}

/** Ends the daemon, then every keeper with its machines and edge, but for the spared regions. Needs neither a living daemon nor a sound store; what does not run is no error. */
export async function stopPlatform(ctx: Pick<CliContext, 'paths' | 'clock' | 'progress'>, spared: readonly string[] = []): Promise<Stopped> {
  const paths = await pathsWithData(ctx.paths)
  const daemon = await findDaemon(paths)
  if (daemon !== undefined) {
    ctx.progress(`Stopping the daemon (${daemon.pid}) …`)
    await endProcess(daemon, daemonTimeoutMs, ctx)
  }
  const regions = (await regionsWithTraces(paths)).filter((region) => !spared.includes(region))
  const outcomes = await Promise.all(
    regions.map(async (region) => {
      const at = paths.host(region)
      const outcome = await stopKeeper(at.keeperSocket, keeperTimeoutMs)
      if (outcome === 'ended') ctx.progress(`Stopped ${region}: machines and edge`)
      if (outcome === 'silent') await endSilentKeeper(at.dir, region, ctx)
      const { endOrphans } = await import('../../host/keeper/orphans.ts')
      const { ended } = await endOrphans(at.dir)
      if (ended > 0) ctx.progress(`Ended ${ended} processes in ${region} that had lost their keeper`)
      return { region, outcome, ended }
    }),
  )
  await rm(paths.pidFile, { force: true })
  return {
    daemon: daemon !== undefined,
    keepers: outcomes.filter((each) => each.outcome !== 'absent').map((each) => each.region),
    orphans: outcomes.reduce((sum, each) => sum + each.ended, 0),
  }
}

/** A keeper that is frozen or stuck cannot end its machines: it is killed, and what it leaves is ended as after any death of a keeper. */
async function endSilentKeeper(dir: string, region: string, ctx: Pick<CliContext, 'clock' | 'progress'>): Promise<void> {
  const { readOwner } = await import('../../host/keeper/keeper-lock.ts')
  const owner = readOwner(dir)
  if (owner === undefined) return
  ctx.progress(`The keeper of ${region} (${owner.pid}) does not answer: it is killed`)
  await endProcess(owner, 0, ctx)
}

/** The regions whose keeper runs. */
export async function regionsRunning(at: PlatformPaths): Promise<readonly string[]> {
  const paths = await pathsWithData(at)
  const { answersOn } = await import('./preflight.ts')
  const regions = await regionsWithTraces(paths)
  const answers = await Promise.all(regions.map((region) => answersOn(paths.host(region).keeperSocket)))
  return regions.filter((_, index) => answers[index])
}

/** The paths with the data folder that platform.json names. A broken platform.json must not keep a platform from being stopped. */
export async function pathsWithData(paths: PlatformPaths): Promise<PlatformPaths> {
  const file = await readPlatformFile(paths.platformFile).catch(() => undefined)
  if (file === undefined || file.dataDir === paths.data) return paths
  return platformPaths(paths.home, { dataDir: file.dataDir, uid: process.getuid?.() ?? 0 })
}

/** Every region that has a folder or a socket, recorded or not: one that was removed from the platform may still have a keeper. */
async function regionsWithTraces(paths: PlatformPaths): Promise<readonly string[]> {
  const file = await readPlatformFile(paths.platformFile).catch(() => undefined)
  const sockets = (await namesIn(paths.runDir)).flatMap((name) => /^k-([a-z][a-z0-9]{1,9})\.sock$/.exec(name)?.[1] ?? [])
  const folders = await namesIn(join(paths.data, 'hosts'))
  return [...new Set([...(file?.regions.map((region) => region.code) ?? []), ...folders, ...sockets])]
}

async function namesIn(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}

/** SIGTERM, then SIGKILL when it does not go; each time only if it still is the recorded process. */
export async function endProcess(target: ProcessIdentity, timeoutMs: number, { clock }: Pick<CliContext, 'clock'>): Promise<void> {
  for (const [signal, limitMs] of [
    ['SIGTERM', timeoutMs],
    ['SIGKILL', 5000],
  ] as const) {
    if (!isSameProcess(target)) return
    signalProcess(target.pid, signal)
    const deadline = clock.monotonic() + limitMs
    while (clock.monotonic() < deadline) {
      if (!isSameProcess(target)) return
      await clock.sleep(20)
    }
  }
  throw new Error(`process ${target.pid} does not end, not even by SIGKILL`)
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
