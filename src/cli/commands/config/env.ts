import type { SecretList } from '../../../protocol/secrets-api.ts'
import { appNameOf } from '../../app-name.ts'
import { appPath } from '../../api/machines.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { appFlags, jsonFlag } from '../../framework/shared-flags.ts'
import { renderTable } from '../../output/table.ts'
import { readFlyToml } from '../../../fly-toml/parse-fly-toml.ts'
import { deployedDefinition } from './deployed-definition.ts'

export const command = defineCommand({
  description: 'Shows the environment of the live release: the names of its secrets, and [env] of the fly.toml it was made with.',
  flags: { ...appFlags, ...jsonFlag },
  args: {},
  run: async (ctx, { flags }) => {
    const app = await appNameOf(ctx, flags)
    const api = await ctx.api()
    const [{ secrets }, { definition }] = await Promise.all([api.request<SecretList>('GET', `${appPath(app)}/secrets`), deployedDefinition(ctx, app)])
    const { env } = readFlyToml('fly.json', JSON.stringify(definition)).config
    if (ctx.isJson) return ctx.printJson({ secrets: secrets.map(({ name, digest }) => ({ name, digest })), env })
    ctx.print('Secrets')
    ctx.print(
      renderTable<SecretList['secrets'][number]>(
        [
          ['name', (secret) => secret.name],
          ['digest', (secret) => secret.digest],
        ],
        secrets,
      ),
    )
    ctx.print('\nEnvironment variables')
    ctx.print(
      renderTable<readonly [string, string]>(
        [
          ['name', ([name]) => name],
          ['value', ([, value]) => value],
        ],
        Object.entries(env),
      ),
    )
  },
})
