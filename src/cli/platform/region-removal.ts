import { existsSync } from 'node:fs'
import { fault } from '../../model/fault/fault.ts'
import { silentLog } from '../../kit/log.ts'
import type { PlatformFile } from '../../kit/platform-file.ts'
import { platformPaths } from '../../kit/platform-paths.ts'
import { prefixRange } from '../../store/contract.ts'
import { prefixes } from '../../store/keys.ts'
import type { CliContext } from '../context.ts'

/** A region goes only when no machine is recorded there: its folder holds the truth about its machines. The platform is down. */
export async function refuseRemovalInUse(before: PlatformFile, removed: readonly string[], ctx: Pick<CliContext, 'paths' | 'clock'>): Promise<void> {
  const paths = platformPaths(ctx.paths.home, { dataDir: before.dataDir, uid: process.getuid?.() ?? 0 })
  if (!existsSync(paths.stateDb)) return
  const { openSqliteStore } = await import('../../store/sqlite/open-sqlite-store.ts')
  await using store = await openSqliteStore({ clock: ctx.clock, log: silentLog }, { path: paths.stateDb })
  const counts = new Map<string, number>()
  const { entries } = await store.range(prefixRange(prefixes.machines))
  for (const entry of entries) {
    const { region } = JSON.parse(entry.value) as { readonly region?: string }
    if (region !== undefined) counts.set(region, (counts.get(region) ?? 0) + 1)
  }
  for (const region of removed) {
    const machines = counts.get(region) ?? 0
    if (machines > 0) throw fault('region_in_use', { region, machines })
  }
}
