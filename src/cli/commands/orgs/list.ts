import type { OrgView } from '../../../protocol/access-api.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { jsonFlag } from '../../framework/shared-flags.ts'
import { renderTable } from '../../output/table.ts'

export const command = defineCommand({
  description: 'Lists the orgs that the token may act for. With --json: slug → name.',
  flags: jsonFlag,
  args: {},
  run: async (ctx) => {
    const { orgs } = await (await ctx.api()).request<{ readonly orgs: readonly OrgView[] }>('GET', '/v1/kante/orgs')
    if (ctx.isJson) return ctx.printJson(Object.fromEntries(orgs.map((org) => [org.slug, org.name])))
    ctx.print(
      renderTable<OrgView>(
        [
          ['name', (org) => org.name],
          ['slug', (org) => org.slug],
          ['apps', (org) => org.apps],
        ],
        orgs,
      ),
    )
  },
})
