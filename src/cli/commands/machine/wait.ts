import { appOfMachine, waitForState } from '../../api/machines.ts'
import { required } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { duration, text } from '../../framework/flag.ts'
import { appFlags } from '../../framework/shared-flags.ts'

export const command = defineCommand({
  flags: {
    ...appFlags,
    state: text({ help: 'Machine state to wait for', byDefault: 'settled' }),
    'wait-timeout': duration({ short: 'w', help: 'How long to wait', byDefaultMs: 300_000 }),
  },
  args: { id: required('Machine id') },
  run: async (ctx, { flags, args }) => {
    const app = await appOfMachine(ctx, flags, args.id)
    const state = await waitForState(ctx, await ctx.api(), { app, id: args.id }, [flags.state], flags['wait-timeout'])
    ctx.print(`${args.id} is ${state}`)
  },
})
