import { appNameOf } from '../../app-name.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { appFlags } from '../../framework/shared-flags.ts'
import { UsageError } from '../../framework/usage-error.ts'
import { readAll, secretsOfText } from '../../secrets/parse-secrets.ts'
import { changeSecrets, releaseFlags } from '../../secrets/release-secrets.ts'

export const command = defineCommand({
  description: `Sets secrets from stdin: lines of NAME=VALUE. Lines that begin with # are skipped; a value that begins with """ goes on to the next """.`,
  flags: { ...appFlags, ...releaseFlags },
  args: {},
  examples: ['kante secrets import < .env', 'pass show my-app | kante secrets import'],
  run: async (ctx, { flags }) => {
    const app = await appNameOf(ctx, flags)
    const values = secretsOfText(await readAll(ctx.stdin))
    if (Object.keys(values).length === 0) throw new UsageError('no secrets on stdin', 'lines of NAME=VALUE are expected')
    await changeSecrets(ctx, app, values, flags)
  },
})
