import { machinePath } from '../../api/machines.ts'
import { rest } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { appFlags } from '../../framework/shared-flags.ts'
import { forEachMachine } from './each-machine.ts'

export const command = defineCommand({
  description: 'Takes machines out of the edges: they keep running but get no new requests.',
  flags: appFlags,
  args: { id: rest('Machine ids', { min: 1 }) },
  run: async (ctx, { flags, args }) => {
    await forEachMachine(ctx, flags, args.id, async ({ api, app, machine }) => {
      await api.request('POST', `${machinePath(app, machine.id)}/cordon`, { signal: ctx.signal })
      ctx.print(`${machine.id} has been cordoned`)
    })
  },
})
