import { issuedKinds } from '../../../model/token.ts'
import type { CreatedToken } from '../../../protocol/access-api.ts'
import { appNameOf } from '../../app-name.ts'
import { required } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { text } from '../../framework/flag.ts'
import { appFlags, jsonFlag, orgFlag } from '../../framework/shared-flags.ts'
import { UsageError } from '../../framework/usage-error.ts'

export const command = defineCommand({
  description: `Makes a token and prints it, this once: the platform keeps only its hash.
  deploy    one app: deploy and scale it, its machines, secrets and logs
  org       all of an org
  readonly  all of an org, without changing anything`,
  flags: {
    ...appFlags,
    ...orgFlag,
    ...jsonFlag,
    name: text({ short: 'n', help: 'Token name' }),
    expiry: text({ short: 'x', help: 'How long it is good for, such as 720h', byDefault: '175200h' }),
  },
  args: { kind: required(`One of ${issuedKinds.join(', ')}`, 'KIND') },
  examples: ['kante tokens create deploy -a my-edge-app --name ci --expiry 8760h', 'kante tokens create readonly -o personal'],
  run: async (ctx, { flags, args }) => {
    const kind = issuedKinds.find((each) => each === args.kind)
    if (kind === undefined) throw new UsageError(`found "${args.kind}", allowed is ${issuedKinds.join(', ')}`)
    const about = kind === 'deploy' ? { app: await appNameOf(ctx, flags) } : flags.org === undefined ? {} : { org: flags.org }
    const made = await (
      await ctx.api()
    ).request<CreatedToken>('POST', '/v1/kante/tokens', {
      body: { kind, expiry: flags.expiry, ...about, ...(flags.name === undefined ? {} : { name: flags.name }) },
    })
    if (ctx.isJson) return ctx.printJson(made)
    ctx.progress(
      `Token ${made.id.slice(0, 12)} (${made.kind}${made.app === undefined ? `, org ${made.org}` : `, app ${made.app}`}), until ${made.expiresAt}:`,
    )
    ctx.print(made.token)
  },
})
