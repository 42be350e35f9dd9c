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
    else {
      const what = [me.kind, me.name].filter((word) => word !== undefined).join(', ')
      const reach = me.kind === 'operator' ? 'every org' : me.app === undefined ? `org ${me.org}` : `app ${me.app} of org ${me.org}`
      ctx.print(`${me.token} (${what}), for ${reach}, at ${api.address}${me.expiresAt === undefined ? '' : `, until ${me.expiresAt}`}`)
    }
  },
})
