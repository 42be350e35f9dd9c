import { rest } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'

export const command = defineCommand({
  description: 'Revokes tokens: from now on they are not known.',
  flags: {},
  args: { id: rest('Ids, as `kante tokens list` shows them', { min: 1, label: 'ID' }) },
  run: async (ctx, { args }) => {
    const api = await ctx.api()
    for (const id of args.id) {
      await api.request('DELETE', `/v1/kante/tokens/${encodeURIComponent(id)}`)
      ctx.print(`Revoked ${id}`)
    }
  },
})
