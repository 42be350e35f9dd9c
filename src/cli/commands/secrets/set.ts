import { appNameOf } from '../../app-name.ts'
import { rest } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { appFlags } from '../../framework/shared-flags.ts'
import { readAll, secretsOfWords } from '../../secrets/parse-secrets.ts'
import { changeSecrets, releaseFlags } from '../../secrets/release-secrets.ts'

export const command = defineCommand({
  description: `Sets secrets: machines see them as environment variables, which win over [env]. Unless --stage is given, a release with the same image
gives them to the machines, one after the other, and is undone when it fails.
A value that is a dash is read from stdin. Prefer that, or \`secrets import\`: what is typed as a word shows in the process list and the shell's history.`,
  flags: { ...appFlags, ...releaseFlags },
  args: { pairs: rest('Secrets', { min: 1, label: 'NAME=VALUE' }) },
  examples: ['kante secrets set SENTRY_DSN=https://… FEATURE=on', 'kante secrets set TLS_KEY=- < key.pem', 'kante secrets set A=1 --stage'],
  run: async (ctx, { flags, args }) => {
    const app = await appNameOf(ctx, flags)
    await changeSecrets(ctx, app, await secretsOfWords(args.pairs, () => readAll(ctx.stdin)), flags)
  },
})
