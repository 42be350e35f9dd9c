import { defineCommand } from '../../framework/define-command.ts'
import { appFlags } from '../../framework/shared-flags.ts'
import { readProjectConfig } from '../../deploy/project-config.ts'

export const command = defineCommand({
  description: 'Prints what fly.toml says, as JSON: the form in which a release keeps it.',
  flags: appFlags,
  args: {},
  run: async (ctx, { flags }) => {
    const { definition } = await readProjectConfig(ctx, flags.config)
    ctx.printJson(definition)
  },
})
