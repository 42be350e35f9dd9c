import { getMachine, waitForState } from '../../api/machines.ts'
import { waitForChecks } from '../../api/wait-for-checks.ts'
import { optional, rest } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { toggle } from '../../framework/flag.ts'
import { stateOf } from '../../output/app-status.ts'
import { renderFields } from '../../output/table.ts'
import { createMachine } from './create-machine.ts'
import { machineFlags } from './machine-flags.ts'

const timeoutMs = 300_000

export const command = defineCommand({
  description: `Creates a machine in an app, starts it, and waits until it is started and its health checks pass.
Flags of the machine's command go after \`--\`.`,
  flags: { ...machineFlags, detach: toggle({ help: 'Return when the machine is created, without waiting for its start' }) },
  args: { image: optional('The image'), command: rest('Command in place of the image’s') },
  examples: [
    'kante machine run IMAGE -a my-app --region fra --port 80:8080/tcp:http --autostop=suspend',
    'kante machine run IMAGE -a my-app --rm -- node job.js --once',
  ],
  run: async (ctx, { flags, args }) => {
    const { app, machine } = await createMachine(ctx, flags, args, { skipLaunch: false })
    const api = await ctx.api()
    if (!flags.detach) {
      ctx.progress(`Machine ${machine.id} is created in ${machine.region}; waiting for its start …`)
      // A job with --rm may be over before we look.
      const state = await waitForState(ctx, api, { app, id: machine.id }, flags.rm ? ['started', 'destroyed', 'stopped'] : ['started'], timeoutMs)
      if (state === 'started' && !flags.rm) await waitForChecks(ctx, api, app, machine.id, timeoutMs)
    }
    const now = await getMachine(api, app, machine.id)
    if (ctx.isJson) return ctx.printJson(now)
    ctx.print(
      renderFields([
        ['Machine ID', now.id],
        ['Instance ID', now.instance_id],
        ['Name', now.name],
        ['Region', now.region],
        ['State', stateOf(now)],
      ]),
    )
  },
})
