import type { DeployStatus } from '../../../protocol/kante-api.ts'
import { appNameOf } from '../../app-name.ts'
import { followToEnd } from '../../deploy/follow-to-end.ts'
import { optional } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { choice, toggle } from '../../framework/flag.ts'
import { appFlags, jsonFlag, yesFlag } from '../../framework/shared-flags.ts'
import { UsageError } from '../../framework/usage-error.ts'

export const command = defineCommand({
  description: `Deploys what an earlier release was made of, its image and its config, as a new release: VERSION, or the complete one before the release that is live. Done twice it goes further back.
Secrets are today's, counts stay, the release command is not run: a database does not go back with it.`,
  flags: {
    ...appFlags,
    ...jsonFlag,
    ...yesFlag,
    strategy: choice({ help: 'Another strategy than the release had', choices: ['rolling', 'immediate', 'canary', 'bluegreen'] }),
    detach: toggle({ help: 'Return as soon as the deploy has begun' }),
  },
  args: { version: optional('The release to go back to: 3 or v3', 'VERSION') },
  examples: ['kante releases rollback', 'kante releases rollback v3'],
  run: async (ctx, { flags, args }) => {
    const app = await appNameOf(ctx, flags)
    const api = await ctx.api()
    const body = {
      ...(args.version === undefined ? {} : { version: versionOf(args.version) }),
      ...(flags.strategy === undefined ? {} : { strategy: flags.strategy }),
    }
    const begun = await api.request<DeployStatus>('POST', `/v1/kante/apps/${encodeURIComponent(app)}/rollback`, { body })
    const deploy = flags.detach ? begun : await followToEnd(ctx, api, begun)
    if (ctx.isJson) return ctx.printJson(deploy)
    if (flags.detach) ctx.progress(`Release v${deploy.version} of ${app} is being deployed; \`kante releases attach -a ${app}\` shows how it goes.`)
  },
})

function versionOf(text: string): number {
  if (!/^v?[1-9]\d{0,8}$/.test(text)) throw new UsageError(`VERSION: found "${text}", allowed is a release's number such as v3`)
  return Number(text.replace('v', ''))
}
