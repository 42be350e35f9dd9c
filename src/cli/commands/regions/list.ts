import type { RegionPool } from '../../../protocol/kante-api.ts'
import { appNameOf } from '../../app-name.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { appFlags, jsonFlag } from '../../framework/shared-flags.ts'
import { scalingPath } from '../scale/print-moves.ts'
import { printPool } from './change-regions.ts'

export const command = defineCommand({
  description: 'Lists the regions where machines of an app may be: its region pool, or the regions where it has machines.',
  flags: { ...appFlags, ...jsonFlag },
  args: {},
  run: async (ctx, { flags }) => {
    const app = await appNameOf(ctx, flags)
    const pool = await (await ctx.api()).request<RegionPool>('GET', scalingPath(app, 'regions'), { signal: ctx.signal })
    if (ctx.isJson) ctx.printJson(pool)
    else printPool(ctx, app, pool)
  },
})
