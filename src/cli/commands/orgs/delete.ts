import { required } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { yesFlag } from '../../framework/shared-flags.ts'
import { confirmDestroying } from '../../output/confirm.ts'

export const command = defineCommand({
  description: 'Deletes an org that has no apps, with its tokens and the key of its secrets.',
  flags: yesFlag,
  args: { slug: required('The org', 'SLUG') },
  run: async (ctx, { flags, args }) => {
    const api = await ctx.api()
    const path = `/v1/kante/orgs/${encodeURIComponent(args.slug)}`
    await api.request('GET', path)
    await confirmDestroying(ctx, flags.yes, `This deletes org ${args.slug}, its tokens and the key of its secrets`)
    await api.request('DELETE', path)
    ctx.print(`Deleted org ${args.slug}`)
  },
})
