import { fault } from '../../model/fault/fault.ts'
import type { CliContext } from '../context.ts'
import type { ApiClient } from './api-client.ts'
import { getMachine } from './machines.ts'

const pollMs = 200

/** Returns when every check of the machine passes; at once when it has none. Fault timed_out names those that do not. */
export async function waitForChecks(
  ctx: Pick<CliContext, 'clock' | 'signal'>,
  api: ApiClient,
  app: string,
  id: string,
  timeoutMs: number,
): Promise<void> {
  const deadline = ctx.clock.monotonic() + timeoutMs
  for (;;) {
    const { checks, config } = await getMachine(api, app, id)
    const wanted = countChecks(config)
    const failing = checks.filter((check) => check.status !== 'passing')
    if (checks.length >= wanted && failing.length === 0) return
    if (ctx.clock.monotonic() > deadline) {
      const shown = failing.map((check) => `${check.name} is ${check.status} (${check.output.slice(0, 200)})`).join(', ')
      throw fault('timed_out', { what: `health checks of machine ${id}: ${shown === '' ? 'no result' : shown}`, afterMs: timeoutMs })
    }
    await ctx.clock.sleep(pollMs, ctx.signal)
  }
}

function countChecks(config: Readonly<Record<string, unknown>> | undefined): number {
  const services = (config?.['services'] ?? []) as readonly { readonly checks?: readonly unknown[] | null }[]
  const named = Object.keys(config?.['checks'] ?? {}).length
  return named + services.reduce((sum, service) => sum + (service.checks?.length ?? 0), 0)
}
