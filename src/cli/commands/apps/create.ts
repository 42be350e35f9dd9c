import type { AppJson } from '../../../protocol/machines-api.ts'
import { orgOf } from '../../api/org.ts'
import { optional } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { text, toggle } from '../../framework/flag.ts'
import { jsonFlag, orgFlag, yesFlag } from '../../framework/shared-flags.ts'
import { UsageError } from '../../framework/usage-error.ts'
import { generateName } from './generate-name.ts'

export const command = defineCommand({
  flags: {
    ...jsonFlag,
    ...orgFlag,
    ...yesFlag,
    name: text({ help: 'The app name to use' }),
    'generate-name': toggle({ help: 'Generate an app name' }),
    network: text({ help: 'Specify custom network id' }),
  },
  args: { name: optional('The app name', 'APPNAME') },
  examples: ['kante apps create my-edge-app', 'kante apps create --generate-name --json'],
  run: async (ctx, { flags, args }) => {
    if (args.name !== undefined && flags.name !== undefined && args.name !== flags.name)
      throw new UsageError(`two names: ${args.name} and --name ${flags.name}`)
    const name = args.name ?? flags.name ?? (flags['generate-name'] ? generateName(Math.random) : undefined)
    if (name === undefined) throw new UsageError('which name?', 'pass one, or --generate-name')
    const api = await ctx.api()
    const app = await api.request<AppJson>('POST', '/v1/apps', {
      body: { name, org_slug: await orgOf(api, flags.org), ...(flags.network === undefined ? {} : { network: flags.network }) },
      signal: ctx.signal,
    })
    if (ctx.isJson) return ctx.printJson(app)
    ctx.print(`New app created: ${app.name}`)
  },
})
