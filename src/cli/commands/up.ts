import { tmpdir } from 'node:os'
import { isAbsolute, resolve } from 'node:path'
import { knownRegions } from '../../model/region/region-catalogue.ts'
import { writePlatformFile, type PlatformFile } from '../../kit/platform-file.ts'
import { platformPaths } from '../../kit/platform-paths.ts'
import type { CliContext } from '../context.ts'
import { defineCommand } from '../framework/define-command.ts'
import { duration, integer, lists, text, toggle } from '../framework/flag.ts'
import { jsonFlag } from '../framework/shared-flags.ts'
import { claimDataFolder } from '../platform/data-folder.ts'
import { findDaemon } from '../platform/daemon.ts'
import { loadPlatformFile } from '../platform/load-platform-file.ts'
import { planPlatform, type PlatformChange } from '../platform/plan-platform.ts'
import { prepareHome, prepareRunDir, refuseFullDisk, refuseTakenPorts } from '../platform/preflight.ts'
import { readRegionFile } from '../platform/region-file.ts'
import { spawnDaemon } from '../platform/spawn-daemon.ts'
import { platformSummary } from '../platform/summary.ts'
import { untilServing } from '../platform/until-serving.ts'

export const command = defineCommand({
  description: `Starts the platform on this computer: one daemon and, in each region, a host and an edge.
Without --detach it stays, shows the daemon's log, and Ctrl-C takes everything down, as \`kante down\` does.
The flags of the first \`up\` are kept; flags of a later one replace them, when the platform is down.`,
  flags: {
    regions: lists({ help: 'Regions, the first with the first port (at the first up: fra)' }),
    detach: toggle({ short: 'd', help: 'Return when the API and the edges answer' }),
    data: text({ help: 'Folder for the data (at the first up: data in KANTE_HOME)', placeholder: 'dir' }),
    'http-port': integer({ help: 'Port of the first region’s edge; the others follow (at the first up: 8080)', min: 1, max: 65_535 }),
    'api-port': integer({ help: 'Port of the API on 127.0.0.1 (at the first up: 4280)', min: 1, max: 65_535 }),
    'region-file': text({ help: 'JSON list of further regions: code, name, latitude, longitude', placeholder: 'file' }),
    'idle-timeout': duration({ help: 'How long a machine with autostop stays without requests', byDefaultMs: 5000 }),
    ...jsonFlag,
  },
  args: {},
  examples: ['kante up --regions fra,cdg,iad --detach', 'KANTE_HOME=~/second kante up -d --api-port 4290 --http-port 8090'],
  run: async (ctx, { flags, given }) => {
    await prepareHome(ctx.paths)
    const own = flags['region-file'] === undefined ? [] : await readRegionFile(resolve(ctx.cwd, flags['region-file']))
    const before = await loadPlatformFile(ctx.paths.platformFile)
    const planned = planPlatform(
      {
        regions: flags.regions,
        dataDir: flags.data === undefined ? undefined : absolute(ctx.cwd, flags.data),
        httpPort: flags['http-port'],
        apiPort: flags['api-port'],
        idleTimeoutMs: given('idle-timeout') ? flags['idle-timeout'] : undefined,
      },
      before,
      [...own, ...knownRegions],
      { defaultDataDir: ctx.paths.data, nowMs: ctx.clock.now() },
    )
    const running = await findDaemon(ctx.paths)
    if (running !== undefined) {
      warnOfChanges(ctx, planned.changes)
      await show(ctx, `The platform runs already (daemon ${running.pid}).`)
      return 0
    }

    const { regionsRunning, stopPlatform } = await import('../platform/stop-platform.ts')
    const survivors = await regionsRunning(ctx.paths)
    // Edges that outlived their daemon keep their ports: the platform they belong to goes on as it was.
    const isTakenOver = before !== undefined && survivors.length > 0
    if (isTakenOver) warnOfChanges(ctx, planned.changes)
    const { file, changes, removedRegions } = isTakenOver ? { file: before, changes: [], removedRegions: [] } : planned
    if (before !== undefined && removedRegions.length > 0) {
      const { refuseRemovalInUse } = await import('../platform/region-removal.ts')
      await refuseRemovalInUse(before, removedRegions, ctx)
    }
    await claimDataFolder(file.dataDir, ctx.paths.home, ctx.clock.now())
    await refuseFullDisk(file.dataDir)
    await prepareRunDir(ctx.paths, process.getuid?.())
    await refuseTakenPorts(file, platformPathsOf(ctx, file))
    await writePlatformFile(ctx.paths.platformFile, file)
    for (const change of changes) ctx.progress(`${change.flag} is now ${change.to} (was ${change.from})`)
    ctx.progress(`Starting the platform in ${file.regions.map((region) => region.code).join(', ')} …`)
    let pid: number
    try {
      pid = await spawnDaemon(ctx.paths, { clock: ctx.clock, env: { ...ctx.env }, signal: ctx.signal })
    } catch (error) {
      // What ran before, under keepers that outlived their daemon, goes on; what this start began does not.
      await stopPlatform({ paths: ctx.paths, clock: ctx.clock, progress: () => undefined }, survivors)
      throw error
    }
    await show(ctx, `The platform runs (daemon ${pid}).`)
    if (flags.detach) return 0
    const { stayInForeground } = await import('../platform/foreground.ts')
    return stayInForeground(ctx)
  },
})

const absolute = (cwd: string, path: string) => (isAbsolute(path) ? path : resolve(cwd, path))
const platformPathsOf = (ctx: CliContext, file: PlatformFile) =>
  platformPaths(ctx.paths.home, { dataDir: file.dataDir, tmpDir: tmpdir(), uid: process.getuid?.() ?? 0 })

async function show(ctx: CliContext, headline: string): Promise<void> {
  const { openLocalApi } = await import('../api/local-api.ts')
  await using api = await openLocalApi(ctx)
  const status = await untilServing(ctx, api)
  if (ctx.isJson) ctx.printJson(status)
  else ctx.print(`${headline}\n\n${platformSummary(status)}`)
}

function warnOfChanges(ctx: CliContext, changes: readonly PlatformChange[]): void {
  for (const change of changes) ctx.stderr.write(`Warning: ${change.flag} ${change.to} has no effect now: the platform runs with ${change.from}\n`)
  if (changes.length > 0) ctx.stderr.write('Hint: `kante down`, then `kante up` with the new flags\n')
}
