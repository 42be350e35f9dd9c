import { createReadStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { dependenciesOf, dependencyKeyOf, type Dependencies } from '../../build/dependencies/dependencies-of.ts'
import { pythonPackagesFolder } from '../../build/dependencies/install-command.ts'
import { readProject } from '../../build/detect/read-project.ts'
import type { ProjectFiles } from '../../build/detect/project-files.ts'
import { parseDockerfile, type DockerStage } from '../../build/dockerfile/parse-dockerfile.ts'
import { readIgnoreRules } from '../../build/pack/context.ts'
import { listProject } from '../../build/pack/list-project.ts'
import { packFiles } from '../../build/pack/pack-project.ts'
import { chooseStart, startFileOf } from '../../build/start/choose-start.ts'
import type { Start } from '../../build/start/start.ts'
import type { FlyConfig } from '../../fly-toml/fly-config.ts'
import { readIfThere } from '../../kit/durable-file.ts'
import { fault } from '../../model/fault/fault.ts'
import type { BundleEvent, BundleRequest } from '../../protocol/kante-api.ts'
import type { ApiClient } from '../api/api-client.ts'
import type { CliContext } from '../context.ts'

export interface Shipment {
  readonly dir: string
  readonly app: string
  readonly config: FlyConfig
  /** Where fly.toml is: the paths in it start there, as for flyctl. */
  readonly configDir: string
  /** --dockerfile; before [build] dockerfile, before ./Dockerfile. */
  readonly dockerfile: string | undefined
}

/** Packs a project, uploads what the platform does not have, and resolves with the reference of the bundle it made of it. */
export async function shipProject(ctx: CliContext, api: ApiClient, shipment: Shipment): Promise<string> {
  const { dir, config } = shipment
  const files = await readProject(dir)
  const docker = await readDockerfile(shipment)
  const { start, notes } = chooseStart(config, docker?.stage, files)
  if (start === undefined) throw fault('no_start_command', { dir })
  for (const note of notes) ctx.progress(`Note: ${note}`)
  const rules = await readIgnoreRules(dir, {
    dockerfile: docker?.path ?? 'Dockerfile',
    ...(config.build.ignorefile === undefined ? {} : { ignorefile: resolve(shipment.configDir, config.build.ignorefile) }),
  })
  const listing = await listProject(dir, rules)
  const paths = listing.files.map((file) => file.path)
  for (const path of listing.leftOut) ctx.progress(`Note: ${path} is left out: it leads out of the project, or is no file`)
  const startFile = startFileOf(start)
  if (paths.length === 0) throw fault('no_start_command', { dir })
  if (startFile !== undefined && !paths.includes(startFile)) throw fault('start_file_missing', { file: startFile, origin: start.origin })

  const temporary = await mkdtemp(join(tmpdir(), 'kante-layer-'))
  try {
    const layer = await packFiles(dir, paths, join(temporary, 'source.tar.gz'), { isRecursive: false })
    const size = `${paths.length} ${paths.length === 1 ? 'file' : 'files'}, ${sizeText(layer.sizeBytes)}`
    const path = `/v1/kante/layers/${layer.digest}`
    if (await api.exists(path)) ctx.progress(`Source: ${size}, unchanged`)
    else {
      ctx.progress(`Source: ${size}, uploading`)
      await api.upload('PUT', path, createReadStream(layer.file), { sizeBytes: layer.sizeBytes, signal: ctx.signal })
    }
    const request = await bundleRequestOf(dir, layer.digest, start, files, paths)
    ctx.progress(`Start: ${start.kind === 'static' ? `static files of ${start.root}` : start.argv.join(' ')} (${start.origin})`)
    return await makeBundle(ctx, api, shipment.app, request)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

const sizeText = (bytes: number) => (bytes < 1024 ** 2 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1024 ** 2).toFixed(1)} MiB`)

async function readDockerfile({
  dir,
  config,
  configDir,
  dockerfile,
}: Shipment): Promise<{ readonly stage: DockerStage; readonly path: string } | undefined> {
  const named = dockerfile ?? config.build.dockerfile
  const path = resolve(dockerfile === undefined && named !== undefined ? configDir : dir, named ?? 'Dockerfile')
  const text = await readIfThere(path)
  if (text === undefined) {
    if (named !== undefined) throw fault('dockerfile_missing', { path: named })
    return undefined
  }
  const shown = relative(dir, path)
  const { buildTarget, args } = config.build
  const { final } = parseDockerfile(shown, text, { args, ...(buildTarget === undefined ? {} : { target: buildTarget }) })
  return { stage: final, path: isAbsolute(shown) || shown.startsWith('..') ? 'Dockerfile' : shown }
}

async function bundleRequestOf(dir: string, source: string, start: Start, files: ProjectFiles, paths: readonly string[]): Promise<BundleRequest> {
  const dependencies = dependenciesOf(files, paths)
  return {
    source,
    start: start.kind === 'static' ? { kind: 'static', root: start.root } : { kind: 'command', argv: [...start.argv] },
    env: environmentOf(start, dependencies),
    ...(dependencies === undefined
      ? {}
      : {
          dependencies: {
            kind: dependencies.kind,
            key: await dependencyKeyOf(dependencies, (path) => readFile(join(dir, path))),
            files: [...dependencies.files],
          },
        }),
  }
}

function environmentOf(start: Start, dependencies: Dependencies | undefined): Record<string, string> {
  const found = start.env['PYTHONPATH']
  return dependencies?.kind === 'pip'
    ? { ...start.env, PYTHONPATH: found === undefined ? pythonPackagesFolder : `${pythonPackagesFolder}:${found}` }
    : { ...start.env }
}

async function makeBundle(ctx: CliContext, api: ApiClient, app: string, body: BundleRequest): Promise<string> {
  const path = `/v1/kante/apps/${encodeURIComponent(app)}/bundles`
  let lastShown = ''
  for await (const event of api.stream<BundleEvent>('POST', path, { body, signal: ctx.signal })) {
    if (event.type === 'done') return event.image
    if (event.type === 'failed') {
      const isShown = !ctx.isJson && event.output.trimEnd().endsWith(lastShown.trim())
      throw fault('bundle_failed', { reason: event.error, output: isShown ? undefined : event.output })
    }
    lastShown = event.message
    ctx.progress(`  ${event.message}`)
  }
  throw fault('unreachable', { address: api.address, reason: 'it ended the build without a result' })
}
