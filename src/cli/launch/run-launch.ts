import { stat, writeFile } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { readProject } from '../../build/detect/read-project.ts'
import { setTopLevelText } from '../../fly-toml/edit-fly-toml.ts'
import { parseFlyToml } from '../../fly-toml/parse-fly-toml.ts'
import { readIfThere, writeDurably } from '../../kit/durable-file.ts'
import { fault, isFault } from '../../model/fault/fault.ts'
import { parseAppName } from '../../model/ids.ts'
import type { PlatformStatus } from '../../protocol/kante-api.ts'
import type { AppJson } from '../../protocol/machines-api.ts'
import type { ApiClient } from '../api/api-client.ts'
import { orgOf } from '../api/org.ts'
import { configPath } from '../app-name.ts'
import { generateName } from '../commands/apps/generate-name.ts'
import type { CliContext } from '../context.ts'
import { UsageError } from '../framework/usage-error.ts'
import { nameOfFolder } from './app-name.ts'
import { planLaunch, type LaunchPlan } from './plan-launch.ts'

export interface LaunchInput {
  readonly dir: string | undefined
  readonly config: string | undefined
  readonly name: string | undefined
  readonly isNameGenerated: boolean
  readonly region: string | undefined
  readonly org: string | undefined
  readonly image: string | undefined
  readonly dockerfile: string | undefined
  readonly internalPort: number | undefined
  readonly env: Readonly<Record<string, string>>
  readonly random: () => number
}
export interface Launched {
  readonly app: string
  readonly org: string
  readonly region: string
  /** Absolute path of its fly.toml. */
  readonly config: string
  /** What was written, relative to the project. */
  readonly written: readonly string[]
}

/** Creates an app for the project and writes what it lacks: fly.toml, Dockerfile, .dockerignore. Nothing that is there is overwritten. Fault name_taken. */
export async function runLaunch(ctx: CliContext, input: LaunchInput): Promise<Launched> {
  const dir = resolve(ctx.cwd, input.dir ?? '.')
  if (input.dir !== undefined && !(await isFolder(dir))) throw new UsageError(`launch: found "${input.dir}", allowed is the folder of a project`)
  const path = await configPath({ cwd: dir }, input.config)
  const shown = relative(ctx.cwd, path) || path
  const existing = await readIfThere(path)
  const found = existing === undefined ? undefined : parseFlyToml(shown, existing)
  const plan = found === undefined ? await planProject(dir, input) : undefined
  ctx.progress(plan === undefined ? `Using the configuration of ${shown}` : `Detected: ${plan.label}, port ${plan.port}`)

  const api = await ctx.api()
  const region = await regionOf(api, input.region ?? found?.config.primaryRegion)
  const named = input.name ?? (input.isNameGenerated ? generateName(input.random) : found?.config.app)
  const { name, org } = await createApp(ctx, api, { named, folder: basename(dir), org: input.org, random: input.random })
  ctx.progress(`Created app ${name} in organization ${org}`)

  const written =
    plan === undefined
      ? await adoptConfig(path, existing ?? '', { shown, app: name, region: input.region })
      : await writeProject(dir, path, plan, { name, region, writtenAt: new Date(ctx.clock.now()).toISOString() })
  for (const file of written) ctx.progress(`Wrote ${relative(ctx.cwd, file) || file}`)
  for (const note of plan?.notes ?? []) ctx.progress(`Note: ${note}`)
  return { app: name, org, region, config: path, written: written.map((file) => relative(dir, file)) }
}

async function planProject(dir: string, input: LaunchInput): Promise<LaunchPlan> {
  const path = input.dockerfile ?? 'Dockerfile'
  const text = await readIfThere(resolve(dir, path))
  if (text === undefined && input.dockerfile !== undefined) throw fault('dockerfile_missing', { path })
  const dockerfile = text === undefined ? undefined : { path, text }
  return planLaunch({ dir, files: await readProject(dir), dockerfile, image: input.image, internalPort: input.internalPort, env: input.env })
}

/** The region asked for, which must be one of the platform's; else the platform's first. */
async function regionOf(api: ApiClient, wanted: string | undefined): Promise<string> {
  const { regions } = await api.request<PlatformStatus>('GET', '/v1/kante/platform')
  const codes = regions.map((region) => region.code)
  const [first] = codes
  if (wanted === undefined && first !== undefined) return first
  if (wanted !== undefined && codes.includes(wanted)) return wanted
  throw fault('invalid_value', { field: 'region', found: wanted ?? '', rule: `a region of this platform: ${codes.join(', ')}` })
}

async function createApp(
  ctx: CliContext,
  api: ApiClient,
  wish: { readonly named: string | undefined; readonly folder: string; readonly org: string | undefined; readonly random: () => number },
): Promise<{ readonly name: string; readonly org: string }> {
  const org = await orgOf(api, wish.org)
  const create = async (name: string) => {
    const app = await api.request<AppJson>('POST', '/v1/apps', { body: { name: parseAppName(name), org_slug: org }, signal: ctx.signal })
    return { name: app.name, org: app.organization.slug }
  }
  if (wish.named !== undefined) return create(wish.named)
  const name = nameOfFolder(wish.folder)
  if (name === undefined) return create(generateName(wish.random))
  try {
    return await create(name)
  } catch (error) {
    // Nobody typed this name, so another one is no surprise.
    if (!isFault(error, 'name_taken')) throw error
    return create(`${name}-${generateName(wish.random)}`)
  }
}

/** Puts the app's name, and a region that was typed, into a fly.toml that is there; untouched when it has them already. */
async function adoptConfig(
  path: string,
  text: string,
  to: { readonly shown: string; readonly app: string; readonly region: string | undefined },
): Promise<readonly string[]> {
  const { config } = parseFlyToml(to.shown, text)
  let changed = config.app === to.app ? text : setTopLevelText(to.shown, text, 'app', to.app)
  if (to.region !== undefined && config.primaryRegion !== to.region) changed = setTopLevelText(to.shown, changed, 'primary_region', to.region)
  if (changed === text) return []
  await writeDurably(path, changed)
  return [path]
}

async function writeProject(dir: string, path: string, plan: LaunchPlan, app: Parameters<LaunchPlan['flyToml']>[0]): Promise<readonly string[]> {
  const written: string[] = []
  for (const [file, text] of Object.entries(plan.files)) if (await writeNew(join(dir, file), text)) written.push(join(dir, file))
  if (await writeNew(path, plan.flyToml(app))) written.push(path)
  return written
}

async function writeNew(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx' })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false
      throw error
    },
  )
