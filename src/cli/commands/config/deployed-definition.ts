import { fault } from '../../../model/fault/fault.ts'
import type { ConfigTable } from '../../../fly-toml/toml-values.ts'
import type { CliContext } from '../../context.ts'

interface ReleaseWithDefinition {
  readonly version: number
  readonly status: string
  readonly definition?: unknown
}
export interface DeployedDefinition {
  readonly version: number
  /** Its fly.toml as JSON; empty for a release that was made without one. */
  readonly definition: ConfigTable
}

/** What the newest complete release of an app was made of. Fault never_deployed. */
export async function deployedDefinition(ctx: CliContext, app: string): Promise<DeployedDefinition> {
  const path = `/v1/kante/apps/${encodeURIComponent(app)}/releases`
  const { releases } = await (await ctx.api()).request<{ readonly releases: readonly ReleaseWithDefinition[] }>('GET', path)
  const live = releases.find((release) => release.status === 'complete')
  if (live === undefined) throw fault('never_deployed', { app })
  const { definition } = live
  return { version: live.version, definition: typeof definition === 'object' && definition !== null ? (definition as ConfigTable) : {} }
}
