import { fault, isFault } from '../../model/fault/fault.ts'
import type { AppJson } from '../../protocol/machines-api.ts'
import type { DeployStatus } from '../../protocol/kante-api.ts'
import type { SecretsReply } from '../../protocol/secrets-api.ts'
import type { ApiClient } from '../api/api-client.ts'
import { appPath } from '../api/machines.ts'
import type { CliContext } from '../context.ts'
import { followDeploy } from '../deploy/follow-deploy.ts'
import { toggle } from '../framework/flag.ts'

export const releaseFlags = {
  stage: toggle({ help: 'Set secrets but skip the release: the machines get them with the next one' }),
  detach: toggle({ help: 'Return at once instead of following the release' }),
} as const
/** The platform takes no more in one call. */
const atOnce = 64
const patienceMs = 60_000

/** Sets (or with null unsets) secrets, then releases them to the machines unless they are to be staged. */
export async function changeSecrets(
  ctx: CliContext,
  app: string,
  values: Readonly<Record<string, string | null>>,
  options: { readonly stage: boolean; readonly detach: boolean },
): Promise<void> {
  const api = await ctx.api()
  const entries = Object.entries(values)
  const changed: string[] = []
  for (let at = 0; at < entries.length; at += atOnce) {
    const body = { values: Object.fromEntries(entries.slice(at, at + atOnce)) }
    changed.push(...(await api.request<SecretsReply>('POST', `${appPath(app)}/secrets`, { body, signal: ctx.signal })).changed)
  }
  if (changed.length === 0) return ctx.print('No change detected to secrets. Skipping release.')
  if (options.stage)
    return ctx.print(
      `Secrets have been staged, but not set on machines. Deploy or \`kante secrets deploy -a ${app}\` for the secrets to take effect.`,
    )
  const { status } = await api.request<AppJson>('GET', appPath(app))
  if (status !== 'deployed') return ctx.print('Secrets are staged for the first deployment')
  try {
    await releaseSecrets(ctx, api, app, options)
  } catch (error) {
    if (isFault(error, 'deploy_running')) ctx.progress(`The secrets are staged; \`kante secrets deploy -a ${app}\` gives them out when that is over.`)
    throw error
  }
}

/** Begins a release of the same image with the secrets of now, and follows it. Faults deploy_failed, deploy_running, never_deployed. */
export async function releaseSecrets(ctx: CliContext, api: ApiClient, app: string, options: { readonly detach: boolean }): Promise<void> {
  const deploy = await api.request<DeployStatus>('POST', `/v1/kante/apps/${encodeURIComponent(app)}/secrets/deploy`, { signal: ctx.signal })
  if (options.detach) return ctx.print(`Release v${deploy.version} of ${app} is on its way; \`kante status -a ${app}\` shows how it goes.`)
  const onEvent = ({ kind, message }: { readonly kind: string; readonly message: string }) =>
    ctx.progress(kind === 'log' ? `    ${message}` : ['plan', 'done', 'failed'].includes(kind) ? message : `  ${message}`)
  const ended = await followDeploy(ctx, api, deploy, { patienceMs, onEvent })
  if (ended.status === 'failed')
    throw fault('deploy_failed', {
      app,
      reason: `${ended.error ?? 'the log above says why'}; the machines have their former secrets, the new ones are staged`,
    })
  ctx.print(`Release v${deploy.version} of ${app} is live with its secrets`)
}
