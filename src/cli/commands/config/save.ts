import { relative } from 'node:path'
import { editConfigFile, editsBetween, printDefinition } from '../../../fly-toml/edit-fly-toml.ts'
import { readFlyToml } from '../../../fly-toml/parse-fly-toml.ts'
import type { ConfigTable } from '../../../fly-toml/toml-values.ts'
import { readIfThere, writeDurably } from '../../../kit/durable-file.ts'
import { appNameOf, configPath } from '../../app-name.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { toggle } from '../../framework/flag.ts'
import { appFlags, yesFlag } from '../../framework/shared-flags.ts'
import { confirmDestroying } from '../../output/confirm.ts'
import { deployedDefinition } from './deployed-definition.ts'

export const command = defineCommand({
  description: 'Writes the fly.toml of the live release to a file. In one that is there only what differs changes: comments and order stay.',
  flags: {
    ...appFlags,
    ...yesFlag,
    json: toggle({ help: 'Write fly.json' }),
    yaml: toggle({ help: 'Write fly.yaml' }),
  },
  args: {},
  examples: ['kante config save -a my-app', 'kante config save -a my-app -c deployed.toml'],
  run: async (ctx, { flags }) => {
    const app = await appNameOf(ctx, flags)
    const { version, definition } = await deployedDefinition(ctx, app)
    const path = withEnding(await configPath(ctx, flags.config), flags.json ? '.json' : flags.yaml ? '.yaml' : undefined)
    const shown = relative(ctx.cwd, path) || path
    const existing = await readIfThere(path)
    const saved = { ...definition, app }
    const text =
      existing === undefined
        ? printDefinition(path, saved, `fly.toml of ${app}, release v${version}`)
        : editConfigFile(shown, existing, editsBetween(readFlyToml(shown, existing).definition as ConfigTable, saved))
    if (text === existing) return ctx.print(`${shown} already says what release v${version} was made of`)
    if (existing !== undefined) await confirmDestroying(ctx, flags.yes, `This changes ${shown}`)
    await writeDurably(path, text)
    ctx.print(`Wrote release v${version} of ${app} to ${shown}`)
  },
})

const withEnding = (path: string, ending: string | undefined) => (ending === undefined ? path : path.replace(/\.(?:toml|json|ya?ml)$/, '') + ending)
