import { rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { restoreBackup, verifyBackup, type Restored } from '../../control/backup/restore-backup.ts'
import { openLayerStore } from '../../control/bundles/layer-store.ts'
import { fault } from '../../model/fault/fault.ts'
import type { HostRecord } from '../../model/host.ts'
import { ensureFolder, syncFolder } from '../../kit/durable-file.ts'
import { silentLog } from '../../kit/log.ts'
import { writePlatformFile } from '../../kit/platform-file.ts'
import { platformPaths, type PlatformPaths } from '../../kit/platform-paths.ts'
import { prefixRange, type Store } from '../../store/contract.ts'
import { prefixes } from '../../store/keys.ts'
import { openSqliteStore } from '../../store/sqlite/open-sqlite-store.ts'
import type { CliContext } from '../context.ts'
import { claimDataFolder, lookAtDataFolder } from './data-folder.ts'
import { findDaemon } from './daemon.ts'
import { lockHome } from './home-lock.ts'
import { loadPlatformFile } from './load-platform-file.ts'
import { planPlatform } from './plan-platform.ts'
import { prepareHome, refuseFullDisk } from './preflight.ts'

/**
 * Makes a backup the data of a home that has none. It is verified first, then written beside, then moved into place, so that a failure at any point
 * leaves no half platform. Where the home has no flags yet, the regions and ports of the backup become its own.
 */
export async function restorePlatform(ctx: CliContext, file: string, dataDir: string | undefined): Promise<Restored> {
  if ((await findDaemon(ctx.paths)) !== undefined) throw fault('platform_running', { home: ctx.paths.home, what: 'restore a backup' })
  await verifyBackup(file)
  await prepareHome(ctx.paths)
  await using _lock = await lockHome(ctx, ctx.paths.home)
  const before = await loadPlatformFile(ctx.paths.platformFile)
  const paths = pathsAt(ctx.paths.home, dataDir ?? before?.dataDir ?? ctx.paths.data)
  await refuseData(paths.data)
  await refuseFullDisk(paths.data)
  const beside = pathsAt(ctx.paths.home, `${paths.data}.restoring`)
  // Left by a restore that was killed, if it is ours.
  if ((await lookAtDataFolder(beside.data)) === 'foreign') throw fault('foreign_data', { path: beside.data, reason: 'it is in the way' })
  await rm(beside.data, { recursive: true, force: true })
  try {
    await claimDataFolder(beside.data, ctx.paths.home, ctx.clock.now())
    const { restored, hosts } = await writeInto(beside, file, ctx)
    if (before === undefined) await adoptRegions(ctx, hosts, paths.data)
    await moveIntoPlace(beside.data, paths.data)
    return restored
  } catch (error) {
    await rm(beside.data, { recursive: true, force: true })
    throw error
  }
}

const pathsAt = (home: string, dataDir: string): PlatformPaths => platformPaths(home, { dataDir, uid: process.getuid?.() ?? 0 })

async function refuseData(dir: string): Promise<void> {
  const found = await lookAtDataFolder(dir)
  if (found === 'ours') throw fault('data_exists', { path: dir })
  if (found === 'foreign') throw fault('foreign_data', { path: dir, reason: 'it is not empty' })
}

async function writeInto(
  paths: PlatformPaths,
  file: string,
  ctx: CliContext,
): Promise<{ readonly restored: Restored; readonly hosts: readonly HostRecord[] }> {
  await ensureFolder(paths.controlDir)
  const layers = await openLayerStore(join(paths.controlDir, 'layers'))
  await using store = await openSqliteStore({ clock: ctx.clock, log: silentLog }, { path: paths.stateDb })
  const restored = await restoreBackup(file, { store, layers })
  return { restored, hosts: await hostsIn(store) }
}

async function hostsIn(store: Store): Promise<readonly HostRecord[]> {
  return (await store.range(prefixRange(prefixes.hosts))).entries.map((entry) => JSON.parse(entry.value) as HostRecord)
}

/** The platform that the backup was made of: its regions in the order of their ports. */
async function adoptRegions(ctx: CliContext, hosts: readonly HostRecord[], dataDir: string): Promise<void> {
  const portOf = (host: HostRecord) => Number(/:(\d+)$/.exec(host.edgeListen[0] ?? '')?.[1] ?? 8080)
  const sorted = hosts.toSorted((a, b) => portOf(a) - portOf(b))
  const first = sorted[0]
  if (first === undefined) return
  const { file } = planPlatform(
    { regions: sorted.map((host) => host.region.code), dataDir, httpPort: portOf(first), apiPort: undefined, idleTimeoutMs: undefined },
    undefined,
    sorted.map((host) => host.region),
    { defaultDataDir: dataDir, nowMs: ctx.clock.now() },
  )
  await writePlatformFile(ctx.paths.platformFile, file)
}

async function moveIntoPlace(from: string, to: string): Promise<void> {
  await rmdir(to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  await rename(from, to)
  await syncFolder(join(to, '..'))
}
