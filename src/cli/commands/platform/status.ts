import type { PlatformStatus } from '../../../protocol/kante-api.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { jsonFlag } from '../../framework/shared-flags.ts'
import { platformSummary } from '../../platform/summary.ts'

export const command = defineCommand({
  flags: jsonFlag,
  args: {},
  run: async (ctx) => {
    const status = await (await ctx.api()).request<PlatformStatus>('GET', '/v1/kante/platform')
    if (ctx.isJson) ctx.printJson(status)
    else ctx.print(`Kante ${status.version}, up since ${status.startedAt}\n\n${platformSummary(status)}`)
  },
})
