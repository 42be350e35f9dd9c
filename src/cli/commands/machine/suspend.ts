import { machinePath, waitForState } from '../../api/machines.ts'
import { rest } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { duration } from '../../framework/flag.ts'
import { appFlags } from '../../framework/shared-flags.ts'
import { forEachMachine } from './each-machine.ts'

export const command = defineCommand({
  description: 'Suspends machines: they keep their memory, use no CPU, and go on at the next start or request.',
  flags: { ...appFlags, 'wait-timeout': duration({ short: 'w', help: 'How long to wait for each machine to be suspended', byDefaultMs: 300_000 }) },
  args: { id: rest('Machine ids', { min: 1 }) },
  run: async (ctx, { flags, args }) => {
    await forEachMachine(ctx, flags, args.id, async ({ api, app, machine }) => {
      if (machine.state !== 'suspended' && machine.state !== 'suspending')
        await api.request('POST', `${machinePath(app, machine.id)}/suspend`, { signal: ctx.signal })
      await waitForState(ctx, api, { app, id: machine.id }, ['suspended'], flags['wait-timeout'])
      ctx.print(`${machine.id} has been suspended`)
    })
  },
})
