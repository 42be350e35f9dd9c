import type { OrgView } from '../../../protocol/access-api.ts'
import { required } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { text } from '../../framework/flag.ts'
import { jsonFlag } from '../../framework/shared-flags.ts'

export const command = defineCommand({
  description: 'Makes an org: apps, tokens and the key of its secrets are its own. Only the platform’s operator may.',
  flags: { ...jsonFlag, slug: text({ help: 'Its short name; made of the name otherwise' }) },
  args: { name: required('The name', 'NAME') },
  examples: ['kante orgs create "Acme Europe"'],
  run: async (ctx, { flags, args }) => {
    const body = { name: args.name, ...(flags.slug === undefined ? {} : { slug: flags.slug }) }
    const org = await (await ctx.api()).request<OrgView>('POST', '/v1/kante/orgs', { body })
    if (ctx.isJson) return ctx.printJson(org)
    ctx.print(`New org created: ${org.slug}; \`kante tokens create org -o ${org.slug}\` makes a token for it`)
  },
})
