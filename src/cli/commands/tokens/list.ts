import type { TokenView } from '../../../protocol/access-api.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { appFlags, jsonFlag, orgFlag } from '../../framework/shared-flags.ts'
import { ago } from '../../output/ago.ts'
import { renderTable } from '../../output/table.ts'

export const command = defineCommand({
  description: 'Lists the tokens that were handed out, of one app or org with --app or --org. Tokens themselves are never shown again.',
  flags: { ...appFlags, ...orgFlag, ...jsonFlag },
  args: {},
  run: async (ctx, { flags }) => {
    const { tokens } = await (await ctx.api()).request<{ readonly tokens: readonly TokenView[] }>('GET', '/v1/kante/tokens')
    const wanted = tokens.filter(
      (token) => (flags.app === undefined || token.app === flags.app) && (flags.org === undefined || token.org === flags.org),
    )
    if (ctx.isJson) return ctx.printJson(wanted)
    if (wanted.length === 0) return ctx.print('No tokens; `kante tokens create` makes one.')
    const now = ctx.clock.now()
    ctx.print(
      renderTable<TokenView>(
        [
          ['id', (token) => token.id.slice(0, 12)],
          ['name', (token) => token.name],
          ['kind', (token) => token.kind],
          ['for', (token) => token.app ?? token.org],
          ['created', (token) => ago(token.createdAt, now)],
          ['expires', (token) => (token.isExpired ? 'expired' : token.expiresAt.slice(0, 10))],
        ],
        wanted,
      ),
    )
  },
})
