import { fault } from '../../model/fault/fault.ts'
import type { PlatformStatus } from '../../protocol/kante-api.ts'
import type { ApiClient } from '../api/api-client.ts'
import type { CliContext } from '../context.ts'

const pollMs = 25
const timeoutMs = 30_000

/** The platform's status once every edge answers. An edge opens its sockets through its keeper after the daemon is ready. Fault daemon_failed. */
export async function untilServing(ctx: Pick<CliContext, 'clock' | 'signal' | 'paths'>, api: ApiClient): Promise<PlatformStatus> {
  const deadline = ctx.clock.monotonic() + timeoutMs
  for (;;) {
    const status = await api.request<PlatformStatus>('GET', '/v1/kante/platform')
    const silent = status.regions.find((region) => region.edge !== 'ok')
    if (silent === undefined) return status
    if (ctx.clock.monotonic() > deadline)
      throw fault('daemon_failed', { reason: `the edge of ${silent.code} does not answer at ${silent.edgeUrl}`, log: ctx.paths.daemonLog })
    await ctx.clock.sleep(pollMs, ctx.signal)
  }
}
