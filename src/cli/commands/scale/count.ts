import type { ScaleReply } from '../../../protocol/kante-api.ts'
import { appNameOf } from '../../app-name.ts'
import { rest } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { integer, lists, text } from '../../framework/flag.ts'
import { appFlags, jsonFlag, yesFlag } from '../../framework/shared-flags.ts'
import { parseCounts } from './parse-counts.ts'
import { printMoves, scaleTimeoutMs, scalingPath } from './print-moves.ts'
import { vmChangeOf, vmFlags } from './vm-flags.ts'

export const command = defineCommand({
  description: `Sets how many machines an app has: of the group app (or of --process-group), or \`group=count\` for several groups. +N and -N change the number.
The count is the total over the regions considered: those of --region; else the region pool, over which machines are spread evenly (see \`kante regions\`);
without a pool every region where the app has machines, else its primary region. New machines are made before others end.`,
  flags: {
    ...appFlags,
    ...jsonFlag,
    ...yesFlag,
    ...vmFlags,
    region: lists({ short: 'r', help: 'Comma-separated list of regions to act on' }),
    'process-group': text({ short: 'g', help: 'The process group to scale' }),
    'max-per-region': integer({ help: 'Max number of machines per region' }),
  },
  args: { count: rest('A number, +number or -number, or group=number', { min: 1 }) },
  examples: ['kante scale count 4', 'kante scale count +2', 'kante scale count 2 --region fra', 'kante scale count web=3 worker=1'],
  run: async (ctx, { flags, args }) => {
    const counts = parseCounts(args.count, flags['process-group'])
    const app = await appNameOf(ctx, flags)
    const api = await ctx.api()
    const vm = vmChangeOf(flags)
    const replies: ScaleReply[] = []
    for (const wanted of counts) {
      const { group } = wanted
      const shown = 'count' in wanted ? `to ${wanted.count}` : `by ${wanted.change > 0 ? '+' : ''}${wanted.change}`
      ctx.progress(`Scaling ${group} of ${app} ${shown} …`)
      const reply = await api.request<ScaleReply>('POST', scalingPath(app, 'scale'), {
        body: {
          ...wanted,
          ...(flags.region.length === 0 ? {} : { regions: flags.region }),
          ...(flags['max-per-region'] === undefined ? {} : { maxPerRegion: flags['max-per-region'] }),
          ...(vm === undefined ? {} : { vm }),
        },
        signal: ctx.signal,
        timeoutMs: scaleTimeoutMs,
      })
      replies.push(reply)
      if (ctx.isJson || printMoves(ctx, reply)) continue
      ctx.print(`  ${group} has ${'count' in wanted ? wanted.count : 'that many'} already`)
    }
    if (ctx.isJson) ctx.printJson(replies.length === 1 ? replies[0] : replies)
  },
})
