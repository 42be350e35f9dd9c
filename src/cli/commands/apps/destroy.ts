import { appPath } from '../../api/machines.ts'
import { rest } from '../../framework/argument.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { yesFlag } from '../../framework/shared-flags.ts'
import { confirmDestroying } from '../../output/confirm.ts'

export const command = defineCommand({
  description: 'Destroys apps with their machines and releases.',
  flags: yesFlag,
  args: { name: rest('App names', { min: 1, label: 'APPNAME' }) },
  examples: ['kante apps destroy my-edge-app --yes'],
  run: async (ctx, { flags, args }) => {
    const api = await ctx.api()
    for (const name of args.name) {
      // A wrong name should say so before anything is asked.
      await api.request('GET', appPath(name))
      await confirmDestroying(ctx, flags.yes, `This destroys app ${name} with its machines and releases`)
      await api.request('DELETE', appPath(name), { query: { force: true }, signal: ctx.signal, timeoutMs: 330_000 })
      ctx.print(`Destroyed app ${name}`)
    }
  },
})
