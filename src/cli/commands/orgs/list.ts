import { defineCommand } from '../../framework/define-command.ts'
import { jsonFlag } from '../../framework/shared-flags.ts'
import { renderTable } from '../../output/table.ts'

interface TokenOrg {
  readonly organization: string
  readonly org_slug: string
}

export const command = defineCommand({
  description: 'Lists the orgs that the token may act for. With --json: slug → name.',
  flags: jsonFlag,
  args: {},
  run: async (ctx) => {
    const { tokens } = await (await ctx.api()).request<{ readonly tokens: readonly TokenOrg[] }>('GET', '/v1/tokens/current')
    const orgs = [...new Map(tokens.map((token) => [token.org_slug, token])).values()]
    if (ctx.isJson) return ctx.printJson(Object.fromEntries(orgs.map((org) => [org.org_slug, org.organization])))
    ctx.print(
      renderTable<TokenOrg>(
        [
          ['name', (org) => org.organization],
          ['slug', (org) => org.org_slug],
        ],
        orgs,
      ),
    )
  },
})
