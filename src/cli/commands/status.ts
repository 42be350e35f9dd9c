import type { AppStatus, PlatformStatus } from '../../protocol/kante-api.ts'
import { findAppName } from '../app-name.ts'
import { defineCommand } from '../framework/define-command.ts'
import { appFlags, jsonFlag } from '../framework/shared-flags.ts'
import { renderAppStatus } from '../output/app-status.ts'
import { platformSummary } from '../platform/summary.ts'

export const command = defineCommand({
  description: `With an app (--app, or a fly.toml here): its release, its addresses and its machines. Without one: the platform and its regions.`,
  flags: { ...appFlags, ...jsonFlag },
  args: {},
  examples: ['kante status', 'kante status -a my-edge-app --json'],
  run: async (ctx, { flags }) => {
    const name = await findAppName(ctx, flags)
    const api = await ctx.api()
    if (name === undefined) {
      const platform = await api.request<PlatformStatus>('GET', '/v1/kante/platform')
      if (ctx.isJson) return ctx.printJson(platform)
      return ctx.print(`Kante ${platform.version}\n\n${platformSummary(platform)}`)
    }
    const status = await api.request<AppStatus>('GET', `/v1/kante/apps/${encodeURIComponent(name)}/status`)
    if (ctx.isJson) return ctx.printJson(status)
    ctx.print(renderAppStatus(status, ctx.clock.now()))
  },
})
