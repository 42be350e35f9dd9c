import type { Autoscale } from '../../../protocol/kante-api.ts'
import { appNameOf } from '../../app-name.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { appFlags, jsonFlag } from '../../framework/shared-flags.ts'
import { scalingPath } from '../scale/print-moves.ts'
import { printAutoscale } from './set-autoscale.ts'

export const command = defineCommand({
  flags: { ...appFlags, ...jsonFlag },
  args: {},
  run: async (ctx, { flags }) => {
    const app = await appNameOf(ctx, flags)
    const found = await (await ctx.api()).request<Autoscale>('GET', scalingPath(app, 'autoscale'), { signal: ctx.signal })
    if (ctx.isJson) ctx.printJson(found)
    else printAutoscale(ctx, app, found)
  },
})
