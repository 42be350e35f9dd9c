import type { Autoscale } from '../../../protocol/kante-api.ts'
import { appNameOf } from '../../app-name.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { scalingPath } from '../scale/print-moves.ts'
import { autoscaleFlags, printAutoscale } from './set-autoscale.ts'

export const command = defineCommand({
  description: 'Stops autoscaling an app. The machines that exist stay; `kante scale count` works again.',
  flags: autoscaleFlags,
  args: {},
  run: async (ctx, { flags }) => {
    const app = await appNameOf(ctx, flags)
    const query = { group: flags['process-group'] }
    const left = await (await ctx.api()).request<Autoscale>('DELETE', scalingPath(app, 'autoscale'), { query, signal: ctx.signal })
    if (ctx.isJson) ctx.printJson(left)
    else printAutoscale(ctx, app, left)
  },
})
