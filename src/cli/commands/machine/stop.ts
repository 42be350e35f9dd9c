import { machinePath, waitForState } from '../../api/machines.ts'
import { rest } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { duration, integer, text } from '../../framework/flag.ts'
import { appFlags } from '../../framework/shared-flags.ts'
import { forEachMachine } from './each-machine.ts'

export const command = defineCommand({
  description: 'Stops machines and returns when they are stopped. A machine that is stopped already, or on its way, is no error.',
  flags: {
    ...appFlags,
    signal: text({ short: 's', help: 'Signal to stop the machine with (default: SIGINT)' }),
    timeout: integer({ help: 'Seconds to wait before sending SIGKILL to the machine' }),
    'wait-timeout': duration({ short: 'w', help: 'How long to wait for each machine to be stopped', byDefaultMs: 300_000 }),
  },
  args: { id: rest('Machine ids', { min: 1 }) },
  examples: ['kante machine stop 3d8d4e5f6a7b8c'],
  run: async (ctx, { flags, args }) => {
    await forEachMachine(ctx, flags, args.id, async ({ api, app, machine }) => {
      if (machine.state !== 'stopped' && machine.state !== 'stopping' && machine.state !== 'created') {
        const body = {
          ...(flags.signal === undefined ? {} : { signal: flags.signal }),
          ...(flags.timeout === undefined ? {} : { timeout: `${flags.timeout}s` }),
        }
        await api.request('POST', `${machinePath(app, machine.id)}/stop`, { body, signal: ctx.signal })
      }
      // --rm machines are destroyed by their stop.
      const state = await waitForState(ctx, api, { app, id: machine.id }, ['stopped', 'destroyed', 'created'], flags['wait-timeout'])
      ctx.print(`${machine.id} has been ${state === 'destroyed' ? 'destroyed' : 'stopped'}`)
    })
  },
})
