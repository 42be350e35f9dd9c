import type { AppStatus, PlatformStatus } from '../../protocol/kante-api.ts'
import { fault, isFault } from '../../model/fault/fault.ts'
import { findAppName } from '../app-name.ts'
import type { CliContext } from '../context.ts'
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
      const platform = await api.request<PlatformStatus>('GET', '/v1/kante/platform').catch((error: unknown) => sayWhatGoesOn(ctx, error))
      if (ctx.isJson) return ctx.printJson(platform)
      return ctx.print(`Kante ${platform.version}\n\n${platformSummary(platform)}`)
    }
    const status = await api.request<AppStatus>('GET', `/v1/kante/apps/${encodeURIComponent(name)}/status`)
    if (ctx.isJson) return ctx.printJson(status)
    ctx.print(renderAppStatus(status, ctx.clock.now()))
  },
})

/** A dead daemon is not a dead platform. */
async function sayWhatGoesOn(ctx: Pick<CliContext, 'paths'>, error: unknown): Promise<never> {
  if (!isFault(error, 'not_running')) throw error
  const { regionsRunning } = await import('../platform/stop-platform.ts')
  const regions = await regionsRunning(ctx.paths)
  throw regions.length === 0 ? error : fault('daemon_down', { home: ctx.paths.home, regions }, error)
}
