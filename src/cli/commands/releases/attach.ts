import type { AppStatus } from '../../../protocol/kante-api.ts'
import { appNameOf } from '../../app-name.ts'
import { followToEnd } from '../../deploy/follow-to-end.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { appFlags, jsonFlag } from '../../framework/shared-flags.ts'

export const command = defineCommand({
  description: 'Shows the deploy that runs now from its beginning to its end; the exit code is the deploy’s. Ctrl-C only leaves.',
  flags: { ...appFlags, ...jsonFlag },
  args: {},
  run: async (ctx, { flags }) => {
    const app = await appNameOf(ctx, flags)
    const api = await ctx.api()
    const { deploy } = await api.request<AppStatus>('GET', `/v1/kante/apps/${encodeURIComponent(app)}/status`)
    if (deploy === undefined)
      return ctx.isJson ? ctx.printJson(null) : ctx.print(`No deploy of ${app} runs; \`kante releases\` shows how the last one ended.`)
    const ended = await followToEnd(ctx, api, deploy, { mayCancel: false })
    if (ctx.isJson) ctx.printJson(ended)
  },
})
