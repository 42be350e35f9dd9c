import type { SecretList, SecretView } from '../../../protocol/secrets-api.ts'
import { appPath } from '../../api/machines.ts'
import { appNameOf } from '../../app-name.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { appFlags, jsonFlag } from '../../framework/shared-flags.ts'
import { ago } from '../../output/ago.ts'
import { renderTable } from '../../output/table.ts'

export const command = defineCommand({
  description: `Lists the names of an app's secrets with a digest of each value; values are never shown. Staged: no machine has it as it is now.
Partial: some have.`,
  flags: { ...appFlags, ...jsonFlag },
  args: {},
  run: async (ctx, { flags }) => {
    const app = await appNameOf(ctx, flags)
    const { secrets } = await (await ctx.api()).request<SecretList>('GET', `${appPath(app)}/secrets`)
    if (ctx.isJson) return ctx.printJson(secrets)
    if (secrets.length === 0) return ctx.print(`App ${app} has no secrets; \`kante secrets set NAME=VALUE\` sets one.`)
    const now = ctx.clock.now()
    ctx.print(
      renderTable<SecretView>(
        [
          ['name', (secret) => secret.name],
          ['digest', (secret) => secret.digest],
          ['status', (secret) => secret.status],
          ['updated', (secret) => ago(secret.updated_at, now)],
        ],
        secrets,
      ),
    )
    if (secrets.some(({ status }) => status !== 'Deployed'))
      ctx.progress(`Not every machine has every secret as it is now; \`kante secrets deploy -a ${app}\` gives them out.`)
  },
})
