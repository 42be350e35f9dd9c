import { dirname, resolve } from 'node:path'
import { toMachineConfigs } from '../../fly-toml/to-machine-configs.ts'
import { fault } from '../../model/fault/fault.ts'
import type { AppStatus, DeployEvent, DeployRequest, DeployStatus, PlatformStatus } from '../../protocol/kante-api.ts'
import type { ApiClient } from '../api/api-client.ts'
import { appPath } from '../api/machines.ts'
import type { CliContext } from '../context.ts'
import { followDeploy } from './follow-deploy.ts'
import { readLocalFiles, readProjectConfig, type ProjectConfig } from './project-config.ts'
import { shipProject } from './ship-project.ts'

export interface DeployInput {
  readonly app: string | undefined
  readonly config: string | undefined
  /** Where the sources are; the current folder otherwise. */
  readonly dir: string | undefined
  readonly image: string | undefined
  readonly dockerfile: string | undefined
  readonly strategy: string | undefined
  readonly env: Readonly<Record<string, string>>
  readonly isHa: boolean
  readonly isDetached: boolean
  readonly waitTimeoutMs: number | undefined
}
const patienceMs = 60_000

/** Deploys the project: reads fly.toml, ships the files, starts the deploy and follows it to its end. Fault deploy_failed when it failed. */
export async function runDeploy(ctx: CliContext, input: DeployInput): Promise<DeployStatus> {
  const dir = resolve(ctx.cwd, input.dir ?? '.')
  const project = await readProjectConfig({ ...ctx, cwd: dir }, input.config)
  const app = [input.app, ctx.env['KANTE_APP'], ctx.env['FLY_APP'], project.config.app].find((name) => name !== undefined && name !== '')
  if (app === undefined) throw fault('no_app_name', {})
  const api = await ctx.api()
  const [platform] = await Promise.all([api.request<PlatformStatus>('GET', '/v1/kante/platform'), api.request('GET', appPath(app))])
  refuseWhatIsNotThere(project, app, platform)
  sayWhatIsDifferent(ctx, project, input, platform)

  const image =
    input.image ??
    project.config.build.image ??
    (await shipProject(ctx, api, { dir, app, config: project.config, configDir: dirname(project.path), dockerfile: input.dockerfile }))
  const deploy = await startDeploy(ctx, api, app, await deployRequestOf(project, image, input))
  if (input.isDetached) {
    ctx.progress(`Release v${deploy.version} of ${app} is being deployed; \`kante status -a ${app}\` shows how it goes.`)
    return deploy
  }
  return follow(ctx, api, deploy)
}

function refuseWhatIsNotThere({ config, shownPath }: ProjectConfig, app: string, platform: PlatformStatus): void {
  const [mount] = config.mounts
  const isProcessOnly = platform.regions.every((region) => region.runtime === 'process')
  if (mount !== undefined && isProcessOnly) throw fault('mounts_need_container', { app, line: mount.line })
  if (config.deploy.releaseCommand === undefined || config.deploy.releaseCommand === '') return
  // A release that goes live without its migration is worse than none.
  throw fault('config_invalid', {
    file: shownPath,
    line: undefined,
    key: 'deploy.release_command',
    problem: `is not carried out yet; run \`${config.deploy.releaseCommand}\` yourself and take it out`,
  })
}

function sayWhatIsDifferent(ctx: CliContext, { config }: ProjectConfig, input: DeployInput, platform: PlatformStatus): void {
  const strategy = input.strategy ?? config.deploy.strategy
  if (strategy !== undefined && strategy !== 'rolling')
    ctx.progress(`Note: strategy ${strategy} is not there yet; machines are updated one after the other (rolling).`)
  if (platform.regions.some((region) => region.runtime === 'process'))
    ctx.progress('Note: the process runtime starts programs as your own user on this computer. That is no isolation: deploy only what you trust.')
}

async function deployRequestOf(project: ProjectConfig, image: string, input: DeployInput): Promise<DeployRequest> {
  const { config, definition } = project
  const groups = toMachineConfigs(config, await readLocalFiles(project))
  const waitTimeoutMs = input.waitTimeoutMs ?? config.deploy.waitTimeoutMs ?? 300_000
  return {
    image,
    groups: Object.fromEntries(Object.entries(groups).map(([name, group]) => [name, { ...group, env: { ...group.env, ...input.env } }])),
    definition,
    ...(config.primaryRegion === undefined ? {} : { primaryRegion: config.primaryRegion }),
    ha: input.isHa,
    strategy: 'rolling',
    waitTimeoutMs: Math.min(3_600_000, Math.max(1000, Math.round(waitTimeoutMs))),
  }
}

const startDeploy = (ctx: CliContext, api: ApiClient, app: string, body: DeployRequest): Promise<DeployStatus> =>
  api.request<DeployStatus>('POST', `/v1/kante/apps/${encodeURIComponent(app)}/deploys`, { body, signal: ctx.signal })

async function follow(ctx: CliContext, api: ApiClient, deploy: DeployStatus): Promise<DeployStatus> {
  let ended: DeployStatus
  try {
    ended = await followDeploy(ctx, api, deploy, { patienceMs, onEvent: (event) => ctx.progress(lineOf(event)) })
  } catch (error) {
    if (ctx.signal.aborted) ctx.progress(`The deploy goes on without you; \`kante status -a ${deploy.app}\` shows how it goes.`)
    throw error
  }
  if (ended.status === 'failed') throw fault('deploy_failed', { app: deploy.app, reason: ended.error ?? 'the log above says why' })
  if (!ctx.isJson) await sayWhereItIs(ctx, api, ended)
  return ended
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
