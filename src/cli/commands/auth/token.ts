import { fault } from '../../../model/fault/fault.ts'
import { chooseTarget } from '../../api/target.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { jsonFlag } from '../../framework/shared-flags.ts'

export const command = defineCommand({
  description:
    'Prints the token that requests are made with. Whoever has the platform’s own can do everything on it: for CI make a token of one app,\nwith `kante tokens create deploy`.',
  flags: jsonFlag,
  args: {},
  run: async (ctx) => {
    const { token } = await chooseTarget(ctx.target)
    if (token === undefined) throw fault('unauthorized', { reason: 'this context has no token' })
    if (ctx.isJson) ctx.printJson({ token: token.reveal() })
    else ctx.print(token.reveal())
  },
})
