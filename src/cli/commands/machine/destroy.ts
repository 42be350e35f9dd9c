import { fault } from '../../../model/fault/fault.ts'
import { machinePath, waitForState } from '../../api/machines.ts'
import { rest } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { toggle } from '../../framework/flag.ts'
import { appFlags } from '../../framework/shared-flags.ts'
import { forEachMachine } from './each-machine.ts'

/** From these flyctl destroys only with --force; the API itself does not mind. */
const runningStates: readonly string[] = ['started', 'starting', 'stopping', 'restarting', 'suspending', 'updating']

export const command = defineCommand({
  description: 'Destroys machines. A machine that runs is destroyed only with --force.',
  flags: { ...appFlags, force: toggle({ short: 'f', help: 'Force kill machine regardless of current state' }) },
  args: { id: rest('Machine ids', { min: 1 }) },
  examples: ['kante machine destroy --force 3d8d4e5f6a7b8c'],
  run: async (ctx, { flags, args }) => {
    await forEachMachine(ctx, flags, args.id, async ({ api, app, machine }) => {
      if (!flags.force && runningStates.includes(machine.state))
        throw fault('machine_state', {
          id: machine.id,
          state: machine.state,
          action: 'destroy it without --force',
          allowed: ['stopped', 'suspended', 'created', 'failed'],
        })
      await api.request('DELETE', machinePath(app, machine.id), { query: { kill: flags.force }, signal: ctx.signal })
      await waitForState(ctx, api, { app, id: machine.id }, ['destroyed'], 60_000)
      ctx.print(`${machine.id} has been destroyed`)
    })
  },
})
