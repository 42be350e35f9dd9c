import { appNameOf } from '../../app-name.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { appFlags } from '../../framework/shared-flags.ts'
import { releaseFlags, releaseSecrets } from '../../secrets/release-secrets.ts'

export const command = defineCommand({
  description: 'Gives staged secrets to the machines: a release with the same image, undone when it fails.',
  flags: { ...appFlags, detach: releaseFlags.detach },
  args: {},
  run: async (ctx, { flags }) => {
    await releaseSecrets(ctx, await ctx.api(), await appNameOf(ctx, flags), flags)
  },
})
