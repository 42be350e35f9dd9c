import { printDefinition } from '../../../fly-toml/edit-fly-toml.ts'
import { appNameOf } from '../../app-name.ts'
import { readProjectConfig } from '../../deploy/project-config.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { toggle } from '../../framework/flag.ts'
import { appFlags } from '../../framework/shared-flags.ts'
import { deployedDefinition } from './deployed-definition.ts'

export const command = defineCommand({
  description: 'Prints the fly.toml that the live release was made with, as JSON; with --local the one here.',
  flags: {
    ...appFlags,
    local: toggle({ help: 'Show the configuration file here instead of the deployed one' }),
    toml: toggle({ help: 'Print TOML' }),
    yaml: toggle({ help: 'Print YAML' }),
  },
  args: {},
  run: async (ctx, { flags }) => {
    const shown = flags.local
      ? { ...(await readProjectConfig(ctx, flags.config)), from: 'the file here' }
      : await deployedDefinition(ctx, await appNameOf(ctx, flags)).then((live) => ({ ...live, from: `release v${live.version}` }))
    const definition = shown.definition as Parameters<typeof printDefinition>[1]
    if (!flags.toml && !flags.yaml) return ctx.printJson(definition)
    ctx.print(printDefinition(flags.yaml ? 'fly.yaml' : 'fly.toml', definition, shown.from).trimEnd())
  },
})
