import type { ScaleReply } from '../../../protocol/kante-api.ts'
import { appNameOf } from '../../app-name.ts'
import { rest } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { integer, lists, text } from '../../framework/flag.ts'
import { appFlags, jsonFlag, yesFlag } from '../../framework/shared-flags.ts'
import { parseCounts } from './parse-counts.ts'

export const command = defineCommand({
  description: `Sets how many machines an app has: of the group app (or of --process-group), or \`group=count\` for several groups.
The count is the total over the regions considered: those of --region, else every region where the app has machines, else its primary region.`,
  flags: {
    ...appFlags,
    ...jsonFlag,
    ...yesFlag,
    region: lists({ short: 'r', help: 'Comma-separated list of regions to act on' }),
    'process-group': text({ short: 'g', help: 'The process group to scale' }),
    'max-per-region': integer({ help: 'Max number of machines per region' }),
  },
  args: { count: rest('A number, or group=number', { min: 1 }) },
  examples: ['kante scale count 4', 'kante scale count 2 --region fra', 'kante scale count web=3 worker=1'],
  run: async (ctx, { flags, args }) => {
    const counts = parseCounts(args.count, flags['process-group'])
    const app = await appNameOf(ctx, flags)
    const api = await ctx.api()
    const replies: ScaleReply[] = []
    for (const { group, count } of counts) {
      ctx.progress(`Scaling ${group} of ${app} to ${count} …`)
      const reply = await api.request<ScaleReply>('POST', `/v1/kante/apps/${encodeURIComponent(app)}/scale`, {
        body: {
          group,
          count,
          ...(flags.region.length === 0 ? {} : { regions: flags.region }),
          ...(flags['max-per-region'] === undefined ? {} : { maxPerRegion: flags['max-per-region'] }),
        },
        signal: ctx.signal,
        timeoutMs: 330_000,
      })
      replies.push(reply)
      if (ctx.isJson) continue
      for (const machine of reply.created) ctx.print(`  created ${machine.id} in ${machine.region}`)
      for (const machine of reply.destroyed) ctx.print(`  destroyed ${machine.id} in ${machine.region}`)
      if (reply.created.length + reply.destroyed.length === 0) ctx.print(`  ${group} has ${count} already`)
    }
    if (ctx.isJson) ctx.printJson(replies.length === 1 ? replies[0] : replies)
  },
})
