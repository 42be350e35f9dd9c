import { machinePath, waitForState } from '../../api/machines.ts'
import { waitForChecks } from '../../api/wait-for-checks.ts'
import { rest } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { integer, text, toggle } from '../../framework/flag.ts'
import { appFlags } from '../../framework/shared-flags.ts'
import { forEachMachine } from './each-machine.ts'

const timeoutMs = 300_000

export const command = defineCommand({
  description: 'Restarts machines, one after the other, and waits until each is started and its health checks pass.',
  flags: {
    ...appFlags,
    force: toggle({ help: 'Force stop the machine(s)' }),
    signal: text({ short: 's', help: 'Signal to stop the machine with (default: SIGINT)' }),
    'skip-health-checks': toggle({ help: 'Do not wait for health checks' }),
    time: integer({ help: 'Seconds to wait before killing the machine' }),
  },
  args: { id: rest('Machine ids', { min: 1 }) },
  run: async (ctx, { flags, args }) => {
    await forEachMachine(ctx, flags, args.id, async ({ api, app, machine }) => {
      await api.request('POST', `${machinePath(app, machine.id)}/restart`, {
        query: {
          ...(flags.force ? { force_stop: true } : {}),
          timeout: flags.time === undefined ? undefined : `${flags.time}s`,
          signal: flags.signal,
        },
        signal: ctx.signal,
        timeoutMs,
      })
      await waitForState(ctx, api, { app, id: machine.id }, ['started'], timeoutMs)
      if (!flags['skip-health-checks']) await waitForChecks(ctx, api, app, machine.id, timeoutMs)
      ctx.print(`${machine.id} has been restarted`)
    })
  },
})
