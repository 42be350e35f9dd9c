import type { SecretList } from '../../../protocol/secrets-api.ts'
import { appPath } from '../../api/machines.ts'
import { appNameOf } from '../../app-name.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { appFlags, jsonFlag } from '../../framework/shared-flags.ts'

export const command = defineCommand({
  description: `Shows the version of an app's secrets. flyctl keeps it on each computer and has to be told when secrets were set elsewhere; here it is the
platform's alone, so there is nothing else to do.`,
  flags: { ...appFlags, ...jsonFlag },
  args: {},
  run: async (ctx, { flags }) => {
    const app = await appNameOf(ctx, flags)
    const { version } = await (await ctx.api()).request<SecretList>('GET', `${appPath(app)}/secrets`)
    if (ctx.isJson) ctx.printJson({ version })
    else ctx.print(`The secrets of ${app} are at version ${version}`)
  },
})
