import { dirname, resolve } from 'node:path'
import { fault } from '../../model/fault/fault.ts'
import type { DeployStatus, PlatformStatus } from '../../protocol/kante-api.ts'
import { appPath } from '../api/machines.ts'
import type { CliContext } from '../context.ts'
import type { DeployFlags } from './deploy-flags.ts'
import { deployRequestOf, type Targets } from './deploy-request.ts'
import { followToEnd } from './follow-to-end.ts'
import { readProjectConfig, type ProjectConfig } from './project-config.ts'
import { shipProject } from './ship-project.ts'

export interface DeployInput {
  readonly app: string | undefined
  readonly config: string | undefined
  /** Where the sources are; the current folder otherwise. */
  readonly dir: string | undefined
  readonly flags: DeployFlags
  readonly given: (flag: keyof DeployFlags) => boolean
  /** All machines of the app without it. */
  readonly targets?: Targets
  readonly isDetached: boolean
}
const startTimeoutMs = 60_000

/** Deploys the project: reads fly.toml, ships the files, starts the deploy and follows it to its end. Fault deploy_failed when it failed. */
export async function runDeploy(ctx: CliContext, input: DeployInput): Promise<DeployStatus> {
  const dir = resolve(ctx.cwd, input.dir ?? '.')
  const project = await readProjectConfig({ ...ctx, cwd: dir }, input.config)
  const app = [input.app, ctx.env['KANTE_APP'], ctx.env['FLY_APP'], project.config.app].find((name) => name !== undefined && name !== '')
  if (app === undefined) throw fault('no_app_name', {})
  const api = await ctx.api()
  const [platform] = await Promise.all([api.request<PlatformStatus>('GET', '/v1/kante/platform'), api.request('GET', appPath(app))])
  refuseWhatIsNotThere(project, app, platform)
  if (platform.regions.some((region) => region.runtime === 'process'))
    ctx.progress('Note: the process runtime starts programs as your own user on this computer. That is no isolation: deploy only what you trust.')

  const { image: chosen, dockerfile } = input.flags
  const image =
    chosen ??
    project.config.build.image ??
    (await shipProject(ctx, api, { dir, app, config: project.config, configDir: dirname(project.path), dockerfile }))
  const body = await deployRequestOf(project, image, input.flags, input.given, input.targets)
  ctx.signal.throwIfAborted()
  // Whether it has begun must be known: Ctrl-C counts as soon as there is something to call off.
  const signal = AbortSignal.timeout(startTimeoutMs)
  const deploy = await api.request<DeployStatus>('POST', `/v1/kante/apps/${encodeURIComponent(app)}/deploys`, { body, signal })
  if (!input.isDetached) return followToEnd(ctx, api, deploy)
  ctx.progress(`Release v${deploy.version} of ${app} is being deployed; \`kante releases attach -a ${app}\` shows how it goes.`)
  return deploy
}

function refuseWhatIsNotThere({ config }: ProjectConfig, app: string, platform: PlatformStatus): void {
  const [mount] = config.mounts
  const isProcessOnly = platform.regions.every((region) => region.runtime === 'process')
  if (mount !== undefined && isProcessOnly) throw fault('mounts_need_container', { app, line: mount.line })
}
