import { appNameOf } from '../../app-name.ts'
import { rest } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { appFlags } from '../../framework/shared-flags.ts'
import { changeSecrets, releaseFlags } from '../../secrets/release-secrets.ts'

export const command = defineCommand({
  description: 'Unsets secrets. Unless --stage is given, a release takes them from the machines.',
  flags: { ...appFlags, ...releaseFlags },
  args: { name: rest('Names', { min: 1, label: 'NAME' }) },
  run: async (ctx, { flags, args }) => {
    const app = await appNameOf(ctx, flags)
    await changeSecrets(ctx, app, Object.fromEntries(args.name.map((name) => [name, null])), flags)
  },
})
