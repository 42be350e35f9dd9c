import type { OrgView } from '../../../protocol/access-api.ts'
import { orgOf } from '../../api/org.ts'
import { optional } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { jsonFlag } from '../../framework/shared-flags.ts'
import { renderFields } from '../../output/table.ts'

export const command = defineCommand({
  flags: jsonFlag,
  args: { slug: optional('The org; the token’s own otherwise', 'SLUG') },
  run: async (ctx, { args }) => {
    const api = await ctx.api()
    const org = await api.request<OrgView>('GET', `/v1/kante/orgs/${encodeURIComponent(await orgOf(api, args.slug))}`)
    if (ctx.isJson) return ctx.printJson(org)
    ctx.print(
      renderFields([
        ['Name', org.name],
        ['Slug', org.slug],
        ['Apps', org.apps],
        ['Created', org.createdAt],
      ]),
    )
  },
})
