import { optional, rest } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { stateOf } from '../../output/app-status.ts'
import { renderFields } from '../../output/table.ts'
import { createMachine } from './create-machine.ts'
import { machineFlags } from './machine-flags.ts'

export const command = defineCommand({
  description: 'Creates a machine in an app without starting it.',
  flags: machineFlags,
  args: { image: optional('The image'), command: rest('Command in place of the image’s') },
  run: async (ctx, { flags, args }) => {
    const { machine } = await createMachine(ctx, flags, args, { skipLaunch: true })
    if (ctx.isJson) return ctx.printJson(machine)
    ctx.print(
      renderFields([
        ['Machine ID', machine.id],
        ['Instance ID', machine.instance_id],
        ['Name', machine.name],
        ['Region', machine.region],
        ['State', stateOf(machine)],
      ]),
    )
  },
})
