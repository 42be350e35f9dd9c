import type { Whoami } from '../../../protocol/kante-api.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { jsonFlag } from '../../framework/shared-flags.ts'

export const command = defineCommand({
  flags: jsonFlag,
  args: {},
  run: async (ctx) => {
    const api = await ctx.api()
    const me = await api.request<Whoami>('GET', '/v1/kante/whoami')
    if (ctx.isJson) ctx.printJson(me)
    else ctx.print(`${me.token} (${me.kind}), org ${me.org}, at ${api.address}`)
  },
})
