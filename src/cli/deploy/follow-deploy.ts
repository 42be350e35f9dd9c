import { isFault } from '../../model/fault/fault.ts'
import type { DeployEvent, DeployStatus } from '../../protocol/kante-api.ts'
import type { ApiClient } from '../api/api-client.ts'
import type { CliContext } from '../context.ts'

export interface FollowOptions {
  /** How long the platform may stay away before that is an error. A restart of the daemon takes seconds. */
  readonly patienceMs: number
  readonly onEvent: (event: DeployEvent) => void
}
const firstPauseMs = 250
const longestPauseMs = 2_000

/**
 * Follows a deploy to its end and resolves with its record, whatever happens to the connection on the way: events are asked for again from the last
 * one seen, none is told twice. Throws what the platform says when it stays away longer than `patienceMs`.
 */
export async function followDeploy(
  ctx: Pick<CliContext, 'clock' | 'signal' | 'progress'>,
  api: Pick<ApiClient, 'request' | 'stream'>,
  deploy: Pick<DeployStatus, 'app' | 'id'>,
  options: FollowOptions,
): Promise<DeployStatus> {
  const path = `/v1/kante/apps/${encodeURIComponent(deploy.app)}/deploys/${encodeURIComponent(deploy.id)}`
  let seen = 0
  let pauseMs = firstPauseMs
  let awaySince: number | undefined
  for (;;) {
    try {
      for await (const event of api.stream<DeployEvent>('GET', `${path}/events`, { query: { after: seen }, signal: ctx.signal })) {
        awaySince = undefined
        pauseMs = firstPauseMs
        if (event.seq <= seen) continue
        seen = event.seq
        options.onEvent(event)
      }
      const status = await api.request<DeployStatus>('GET', path, { signal: ctx.signal })
      awaySince = undefined
      if (status.status === 'complete' || status.status === 'failed') return status
    } catch (error) {
      if (!isAway(error)) throw error
      const now = ctx.clock.monotonic()
      if (awaySince === undefined) ctx.progress('The platform does not answer; the deploy goes on when it is back.')
      awaySince ??= now
      if (now - awaySince > options.patienceMs) throw error
    }
    await ctx.clock.sleep(pauseMs, ctx.signal)
    pauseMs = Math.min(longestPauseMs, pauseMs * 2)
  }
}

/** The connection or the daemon is gone for now; anything the platform says itself is final. */
const isAway = (error: unknown): boolean => isFault(error) && (error.kind === 'unavailable' || error.kind === 'timeout')
