import { machinePath, waitForState } from '../../api/machines.ts'
import { rest } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { duration } from '../../framework/flag.ts'
import { appFlags } from '../../framework/shared-flags.ts'
import { forEachMachine } from './each-machine.ts'

export const command = defineCommand({
  description: 'Starts stopped or suspended machines and returns when they are started. A machine that is started already is no error.',
  flags: { ...appFlags, 'wait-timeout': duration({ short: 'w', help: 'How long to wait for each machine to be started', byDefaultMs: 300_000 }) },
  args: { id: rest('Machine ids', { min: 1 }) },
  run: async (ctx, { flags, args }) => {
    await forEachMachine(ctx, flags, args.id, async ({ api, app, machine }) => {
      if (machine.state !== 'started' && machine.state !== 'starting')
        await api.request('POST', `${machinePath(app, machine.id)}/start`, { signal: ctx.signal })
      await waitForState(ctx, api, { app, id: machine.id }, ['started'], flags['wait-timeout'])
      ctx.print(`${machine.id} has been started`)
    })
  },
})
