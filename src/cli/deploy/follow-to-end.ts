import { fault, isFault } from '../../model/fault/fault.ts'
import type { AppStatus, DeployEvent, DeployStatus } from '../../protocol/kante-api.ts'
import type { ApiClient } from '../api/api-client.ts'
import type { CliContext } from '../context.ts'
import { followDeploy } from './follow-deploy.ts'

const patienceMs = 60_000
const cancelMs = 5_000

/**
 * Shows a deploy to its end. Ctrl-C calls it off while no machine has been touched, later it only leaves. Faults deploy_failed, and what ends a connection
 * for good.
 */
export async function followToEnd(
  ctx: CliContext,
  api: ApiClient,
  deploy: DeployStatus,
  options: { readonly mayCancel: boolean } = { mayCancel: true },
): Promise<DeployStatus> {
  let ended: DeployStatus
  try {
    ctx.signal.throwIfAborted()
    ended = await followDeploy(ctx, api, deploy, { patienceMs, onEvent: (event) => ctx.progress(lineOf(event)) })
  } catch (error) {
    if (ctx.signal.aborted) ctx.progress(await leave(api, deploy, options.mayCancel))
    throw error
  }
  if (ended.status === 'failed') throw fault('deploy_failed', { app: deploy.app, reason: ended.error ?? 'the log above says why' })
  if (!ctx.isJson) await sayWhereItIs(ctx, api, ended)
  return ended
}

/** What became of a deploy that its starter does not wait for. */
async function leave(api: ApiClient, { app, id, version }: DeployStatus, mayCancel: boolean): Promise<string> {
  const goesOn = `The deploy goes on without you; \`kante releases attach -a ${app}\` shows how it ends.`
  if (!mayCancel) return goesOn
  try {
    const path = `/v1/kante/apps/${encodeURIComponent(app)}/deploys/${encodeURIComponent(id)}/cancel`
    await api.request('POST', path, { signal: AbortSignal.timeout(cancelMs) })
    return `Release v${version} of ${app} is called off; no machine was touched.`
  } catch (error) {
    if (isFault(error, 'deploy_begun')) return goesOn
    return `${goesOn} (It could not be called off: ${error instanceof Error ? error.message : String(error)})`
  }
}

/** What concerns one machine is indented below the deploy's own lines; kinds of a newer platform, too. */
function lineOf({ kind, message }: DeployEvent): string {
  if (kind === 'plan' || kind === 'done' || kind === 'failed') return message
  return kind === 'log' ? `    ${message}` : `  ${message}`
}

async function sayWhereItIs(ctx: CliContext, api: ApiClient, deploy: DeployStatus): Promise<void> {
  const { urls } = await api.request<AppStatus>('GET', `/v1/kante/apps/${encodeURIComponent(deploy.app)}/status`)
  ctx.print(`Release v${deploy.version} of ${deploy.app} is live${urls.length === 0 ? '' : ':'}`)
  for (const { region, url } of urls) ctx.print(`  ${region}  ${url}/`)
}
