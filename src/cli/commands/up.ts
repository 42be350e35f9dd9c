import { resolve } from 'node:path'
import { defineCommand } from '../framework/define-command.ts'
import { duration, integer, lists, text, toggle } from '../framework/flag.ts'
import { jsonFlag } from '../framework/shared-flags.ts'
import { Interrupted } from '../output/report-error.ts'
import { readRegionFile } from '../platform/region-file.ts'
import { startPlatform } from '../platform/start-platform.ts'
import { platformSummary } from '../platform/summary.ts'
import { stopPlatform } from '../platform/stop-platform.ts'
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
    'scale-in-after': duration({ help: 'How long a machine of an autoscaled app rests before it is destroyed', byDefaultMs: 600_000 }),
    'keep-releases': integer({ help: 'Releases kept per app, with the files to go back to them (at the first up: 20)', min: 1, max: 1000 }),
    'keep-logs': duration({ help: 'How long each host keeps logs', byDefaultMs: 7 * 24 * 3_600_000 }),
    'keep-logs-mb': integer({ help: 'Megabytes of logs that each host keeps at most (at the first up: 1024)', min: 1, max: 1_000_000 }),
    ...jsonFlag,
  },
  args: {},
  examples: ['kante up --regions fra,cdg,iad --detach', 'KANTE_HOME=~/second kante up -d --api-port 4290 --http-port 8090'],
  run: async (ctx, { flags, given }) => {
    const own = flags['region-file'] === undefined ? [] : await readRegionFile(resolve(ctx.cwd, flags['region-file']))
    const { pid, isNew } = await startPlatform(
      ctx,
      {
        regions: flags.regions,
        dataDir: flags.data === undefined ? undefined : resolve(ctx.cwd, flags.data),
        httpPort: flags['http-port'],
        apiPort: flags['api-port'],
        idleTimeoutMs: given('idle-timeout') ? flags['idle-timeout'] : undefined,
        keepReleases: flags['keep-releases'],
        keepLogsMs: given('keep-logs') ? flags['keep-logs'] : undefined,
        keepLogsBytes: flags['keep-logs-mb'] === undefined ? undefined : flags['keep-logs-mb'] * 1024 ** 2,
        scaleInAfterMs: given('scale-in-after') ? flags['scale-in-after'] : undefined,
      },
      own,
    )
    const { openLocalApi } = await import('../api/local-api.ts')
    await using api = await openLocalApi(ctx)
    const status = await untilServing(ctx, api).catch(async (error: unknown) => {
      // Ctrl-C before the edges answer: what this start began goes, as it would a moment later.
      if (error instanceof Interrupted && isNew && !flags.detach) await stopPlatform(ctx)
      throw error
    })
    if (ctx.isJson) ctx.printJson(status)
    else ctx.print(`The platform runs${isNew ? '' : ' already'} (daemon ${pid}).\n\n${platformSummary(status)}`)
    if (flags.detach || !isNew) return 0
    const { stayInForeground } = await import('../platform/foreground.ts')
    return stayInForeground(ctx)
  },
})
