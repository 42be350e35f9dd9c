import { machinePath } from '../../api/machines.ts'
import { rest } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { appFlags } from '../../framework/shared-flags.ts'
import { forEachMachine } from './each-machine.ts'

export const command = defineCommand({
  description: 'Sends SIGKILL to machines. What happens then is up to their restart policy.',
  flags: appFlags,
  args: { id: rest('Machine ids', { min: 1 }) },
  run: async (ctx, { flags, args }) => {
    await forEachMachine(ctx, flags, args.id, async ({ api, app, machine }) => {
      await api.request('POST', `${machinePath(app, machine.id)}/signal`, { body: { signal: 9 }, signal: ctx.signal })
      ctx.print(`${machine.id} has been sent SIGKILL`)
    })
  },
})
