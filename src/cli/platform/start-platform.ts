import { existsSync } from 'node:fs'
import { knownRegions } from '../../model/region/region-catalogue.ts'
import type { Region } from '../../model/region/region.ts'
import { writePlatformFile, type PlatformFile } from '../../kit/platform-file.ts'
import { platformPaths, type PlatformPaths } from '../../kit/platform-paths.ts'
import type { CliContext } from '../context.ts'
import { claimDataFolder } from './data-folder.ts'
import { findDaemon, untilDaemonEnded } from './daemon.ts'
import { lockHome } from './home-lock.ts'
import { loadPlatformFile } from './load-platform-file.ts'
import { planPlatform, type PlatformChange, type PlatformPlan, type UpFlags } from './plan-platform.ts'
import { prepareHome, prepareRunDir, refuseFullDisk, refuseTakenPorts } from './preflight.ts'
import { spawnDaemon } from './spawn-daemon.ts'
import { regionsRunning, stopPlatform } from './stop-platform.ts'

export interface Started {
  readonly pid: number
  readonly isNew: boolean
}

/** Brings up the platform that was typed, or finds it running. What can be known to fail is refused before anything is written or started. */
export async function startPlatform(ctx: CliContext, typed: UpFlags, ownRegions: readonly Region[]): Promise<Started> {
  await prepareHome(ctx.paths)
  await using _lock = await lockHome(ctx, ctx.paths.home)
  const before = await loadPlatformFile(ctx.paths.platformFile)
  const planned = planPlatform(typed, before, [...ownRegions, ...knownRegions], { defaultDataDir: ctx.paths.data, nowMs: ctx.clock.now() })
  const running = await findDaemon(ctx.paths)
  if (running !== undefined) {
    warnOfChanges(ctx, planned.changes)
    return { pid: running.pid, isNew: false }
  }
  const survivors = await regionsRunning(ctx.paths)
  const { file, changes } = await settlePlan(ctx, planned, before, survivors)
  await claimDataFolder(file.dataDir, ctx.paths.home, ctx.clock.now())
  await refuseFullDisk(file.dataDir)
  const uid = process.getuid?.()
  await prepareRunDir(ctx.paths, uid)
  const paths = platformPaths(ctx.paths.home, { dataDir: file.dataDir, uid: uid ?? 0 })
  await endOrphansOf(paths, file)
  await untilDaemonEnded(ctx.paths, ctx.clock)
  await refuseTakenPorts(file, paths)
  await writePlatformFile(ctx.paths.platformFile, file)
  for (const change of changes) ctx.progress(`${change.flag} is now ${change.to} (was ${change.from})`)
  ctx.progress(`Starting the platform in ${file.regions.map((region) => region.code).join(', ')} …`)
  try {
    return { pid: await spawnDaemon(ctx.paths, { clock: ctx.clock, env: { ...ctx.env }, signal: ctx.signal }), isNew: true }
  } catch (error) {
    // What ran before, under keepers that outlived their daemon, goes on; what this start began does not.
    await stopPlatform({ paths: ctx.paths, clock: ctx.clock, progress: () => undefined }, survivors)
    throw error
  }
}

/** What a dead keeper left: its edge would hold the port a moment longer, and look like another program. */
async function endOrphansOf(paths: PlatformPaths, file: PlatformFile): Promise<void> {
  const { endOrphans } = await import('../../host/keeper/orphans.ts')
  const folders = file.regions.map((region) => paths.host(region.code).dir)
  await Promise.all(folders.map(async (dir) => (existsSync(dir) ? endOrphans(dir) : undefined)))
}

/** Flags change a platform only when nothing of it runs: edges that outlived their daemon keep their ports, so it goes on as it was. */
async function settlePlan(
  ctx: CliContext,
  planned: PlatformPlan,
  before: PlatformFile | undefined,
  survivors: readonly string[],
): Promise<Pick<PlatformPlan, 'file' | 'changes'>> {
  if (before === undefined) return planned
  if (survivors.length > 0) {
    warnOfChanges(ctx, planned.changes)
    return { file: before, changes: [] }
  }
  if (planned.removedRegions.length > 0) {
    const { refuseRemovalInUse } = await import('./region-removal.ts')
    await refuseRemovalInUse(before, planned.removedRegions, ctx)
  }
  return planned
}

function warnOfChanges(ctx: CliContext, changes: readonly PlatformChange[]): void {
  for (const change of changes) ctx.stderr.write(`Warning: ${change.flag} ${change.to} has no effect now: the platform runs with ${change.from}\n`)
  if (changes.length > 0) ctx.stderr.write('Hint: `kante down`, then `kante up` with the new flags\n')
}
