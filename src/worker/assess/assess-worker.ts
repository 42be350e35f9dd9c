import { posix } from 'node:path'
import { fault } from '../../model/fault/fault.ts'
import type { Clock } from '../../kit/clock.ts'
import { joinRoutes, type Route } from '../code/join-routes.ts'
import { entryOf, kindOfClass, readProgram, type Program } from '../code/read-program.ts'
import { isCode, readJson } from '../code/resolve-import.ts'
import { readWranglerConfig } from '../config/read-wrangler.ts'
import type { ConfigScope, WranglerConfig } from '../config/wrangler-config.ts'
import { below, findWorkers, frameworkOf, guessEntries, isSource, readManifestNames, type FoundWorker } from '../project/find-workers.ts'
import { maxFiles, tooLarge, type SourceFiles } from '../project/source-files.ts'
import type { Assessment } from './assessment.ts'
import { collectBindings, collectSignals, collectUses } from './collect-uses.ts'
import { decide, planWay } from './decide.ts'
import { findingsOf } from './findings.ts'
import type { FeatureId } from './features.ts'
import type { RuleFacts } from './rules.ts'

export interface AssessOptions {
  readonly environment: string | undefined
  /** A wrangler config, from the folder. */
  readonly config: string | undefined
}
export const maxAssessMs = 60_000

/** The Workers below a folder. Faults worker_no_code, worker_not_found, worker_too_large. */
export async function listWorkers(files: SourceFiles, config: string | undefined): Promise<readonly FoundWorker[]> {
  if (config !== undefined) return [{ folder: '', config, otherConfigs: [], kind: 'worker' }]
  const { files: list, isCut } = await files.list()
  const found = findWorkers(list)
  if (found.length > 0) return found
  if (list.some((path) => /(^|\/)(cloudflare|wrangler)\.config\.ts$/.test(path)) || list.some((path) => isCode(path) || /\.(py|rs)$/.test(path))) {
    if (isCut) throw fault('worker_too_large', { dir: files.dir, limit: `${maxFiles} files of code and no wrangler config among them` })
    return [{ folder: '', config: undefined, otherConfigs: [], kind: 'worker' }]
  }
  throw fault('worker_no_code', { dir: files.dir })
}

/** Assesses one Worker. Faults of config, entry, limits; what stands in its code is never a fault. */
export async function assessWorker(all: SourceFiles, found: FoundWorker, options: AssessOptions, clock: Clock): Promise<Assessment> {
  const files = below(all, found.folder)
  const deadline = clock.monotonic() + maxAssessMs
  let filesRead = 0
  const onFile = () => {
    filesRead++
    if (clock.monotonic() > deadline) throw fault('worker_assess_late', { dir: files.dir, afterMs: maxAssessMs, files: filesRead })
  }
  const config = await readConfig(files, found)
  const scopes = scopesOf(config, options.environment)
  const manifest = await readJson(files, 'package.json')
  const versions = readManifestNames(manifest)
  const { files: list } = await files.list()
  const entry = await chooseEntry(files, found, config, scopes, list, Object.keys(versions), onFile)
  const program = serverPart(await readProgram(files, entry.roots, config?.alias ?? {}, onFile), entry)
  const facts = entry.file === undefined ? undefined : entryOf(program, entry.file)
  if (
    config === undefined &&
    entry.format === 'modules' &&
    (facts === undefined || facts.format === 'none' || (facts.handlers.length === 0 && facts.format === 'modules'))
  )
    throw fault('worker_not_found', { dir: files.dir, because: 'no wrangler config, and no file with a fetch handler' })

  const secrets = await secretNames(files, list, config)
  const bindings = collectBindings(program, config, scopes, secrets)
  const uses = collectUses(program, config, scopes, bindings)
  const routes: readonly Route[] = [...(entry.format === 'pages' ? pagesRoutes(list, program) : []), ...joinRoutes(program)]
  const format = entry.format === 'modules' && facts?.format === 'service-worker' ? 'service-worker' : entry.format
  const assets =
    config?.assetsDirectory === undefined ? { files: 0, largestBytes: 0, largest: undefined } : await files.measure(config.assetsDirectory.text)
  const docker = list.filter((path) => /^(Dockerfile|(docker-)?compose\.ya?ml)$/.test(posix.basename(path))).map((file) => ({ file, line: 1 }))
  const signals = collectSignals(program, bindings)
  const ruleFacts: RuleFacts = {
    has: (feature) => uses.some((use) => use.feature === feature),
    placesOf: (feature) => uses.find((use) => use.feature === feature)?.places ?? [],
    signal: (id) => signals.get(id) ?? [],
    packages: (pattern) => [...program.packages].flatMap(([name, places]) => (pattern.test(name) ? [{ name, places }] : [])),
    configFile: config?.file,
    cpuMs: scopes.map((scope) => scope.cpuMs).find((each) => each !== undefined),
    crons: scopes.flatMap((scope) => scope.crons),
    logs: config?.logs ?? [],
    variables: Math.max(0, ...scopes.map((scope) => scope.bindings.filter((each) => each.feature === 'vars').length)),
    docker,
    assets,
    isOnlyAssets: entry.format === 'assets',
    isHandedOn:
      [...program.modules.values()].some((module) => module.envHandedTo.length > 0) ||
      (program.packages.size > 0 && bindings.some((each) => each.uses.length === 0 && each.feature !== 'vars')),
  }
  const decision = decide(ruleFacts)
  const usedWithLanguage = entry.format === 'python' ? [...uses, pythonUse(entry.file ?? '')] : uses
  const needsNode = (['file-system', 'node-server'] as const).some((id) => ruleFacts.signal(id).length > 0) || docker.length > 0
  const classes = [...program.modules].flatMap(([file, module]) =>
    module.classes.flatMap((each) => {
      const declared = scopes.flatMap((scope) => scope.classes).find((one) => one.name === each.name)?.kind
      const kind = kindOfClass(each) ?? (declared === 'durable-objects' ? 'durable object' : declared === 'workflows' ? 'workflow' : undefined)
      return kind === undefined ? [] : [{ name: each.name === '' ? '(default)' : each.name, kind, file, line: each.line }]
    }),
  )
  const dependencies = [...program.packages, ...program.runtimeModules].map(([name, places]) => ({
    name,
    version: versions[name] ?? null,
    places: places.slice(0, 50),
  }))
  return {
    schema: 1,
    name: scopes[0]?.name?.text ?? config?.top.name?.text ?? (typeof manifest?.['name'] === 'string' ? manifest['name'] : posix.basename(files.dir)),
    folder: files.dir,
    config: config?.file ?? null,
    environment: options.environment ?? null,
    environments: config?.environments.map((scope) => scope.env ?? '') ?? [],
    compatibilityDate: config?.compatibilityDate ?? null,
    entry: {
      file: entry.file ?? null,
      format,
      framework: entry.framework ?? null,
      handlers: (facts?.handlers ?? []).map(({ name, file, line }) => ({ name, file, line })),
      classes,
    },
    routes: routes
      .slice(0, 1000)
      .map((route) => ({ method: route.method ?? null, path: route.path, style: route.style, file: route.file, line: route.line })),
    uses: usedWithLanguage.map((use) => ({ ...use })),
    bindings: [...bindings],
    dependencies: dependencies.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    findings: [...findingsOf({ config, scopes, bindings, uses, program, entry, found, classes, environment: options.environment, list })],
    decision,
    way: planWay(
      { uses: usedWithLanguage, format, routes: routes.length, files: program.modules.size, needsNode, usesHono: program.packages.has('hono') },
      decision.verdict,
    ),
    files: program.modules.size,
  }
}
/** Of a framework's sources much runs in the browser: what does not touch a binding counts for its bindings only. */
function serverPart(program: Program, entry: ChosenEntry): Program {
  if (entry.framework === undefined) return program
  const modules = [...program.modules].map(([file, facts]) => {
    const isServer = file === entry.file || facts.typedCalls.length > 0 || facts.bindings.some((use) => !use.isHint)
    return [
      file,
      isServer
        ? facts
        : {
            ...facts,
            signals: [],
            features: facts.features.filter((use) => use.feature !== 'websocket-client' && use.feature !== 'cache-api'),
            routes: [],
          },
    ] as const
  })
  return { ...program, modules: new Map(modules) }
}
const pythonUse = (file: string) => ({
  feature: 'python' satisfies FeatureId,
  title: 'Python Worker',
  run: 'no' as const,
  convert: 'work' as const,
  names: [],
  places: [{ file, line: 1, what: 'main' }],
})

async function readConfig(files: SourceFiles, found: FoundWorker): Promise<WranglerConfig | undefined> {
  if (found.config === undefined) return undefined
  const name = found.folder === '' ? found.config : found.config.slice(found.folder.length + 1)
  const text = await files.read(name)
  if (text === undefined) throw fault('worker_config_missing', { path: found.config })
  if (text === tooLarge) throw fault('worker_config_broken', { file: found.config, line: undefined, problem: 'larger than 2 MB' })
  return readWranglerConfig(name, text)
}
/** One environment, or all of them together: a project may have all its bindings below env. */
function scopesOf(config: WranglerConfig | undefined, environment: string | undefined): readonly ConfigScope[] {
  if (environment !== undefined) {
    const scope = config?.environments.find((each) => each.env === environment)
    if (config === undefined || scope === undefined)
      throw fault('worker_env_unknown', {
        env: environment,
        file: config?.file ?? 'the project',
        known: config?.environments.map((each) => each.env ?? '') ?? [],
      })
    // wrangler inherits these two.
    return [
      {
        ...scope,
        crons: scope.crons.length > 0 ? scope.crons : config.top.crons,
        main: scope.main ?? config.top.main,
        name: scope.name ?? config.top.name,
      },
    ]
  }
  return config === undefined ? [] : [config.top, ...config.environments]
}

export interface ChosenEntry {
  readonly file: string | undefined
  readonly format: Exclude<Assessment['entry']['format'], 'service-worker'>
  readonly framework: string | undefined
  /** Where reading begins. */
  readonly roots: readonly string[]
  readonly isGuessed: boolean
}
async function chooseEntry(
  files: SourceFiles,
  found: FoundWorker,
  config: WranglerConfig | undefined,
  scopes: readonly ConfigScope[],
  list: readonly string[],
  dependencies: readonly string[],
  onFile: () => void,
): Promise<ChosenEntry> {
  const framework = frameworkOf(dependencies)
  const sources = list.filter(
    (path) => isSource(path) && !findWorkers(list).some((other) => other.folder !== '' && path.startsWith(`${other.folder}/`)),
  )
  const chosen = (file: string | undefined, format: ChosenEntry['format'], roots: readonly string[], isGuessed = false): ChosenEntry => ({
    file,
    format,
    roots,
    isGuessed,
    framework,
  })
  const main = scopes.map((scope) => scope.main).find((each) => each !== undefined) ?? config?.top.main
  if (main !== undefined) {
    const path = posix.normalize(main.text)
    if (path.endsWith('.py')) return chosen(path, 'python', [])
    const exact = await firstThere(files, [path, ...(isCode(path) ? [] : ['.ts', '.js', '.mjs', '/index.ts', '/index.js'].map((end) => path + end))])
    const isBuilt = /(^|\/)(dist|build|out|\.\w[\w-]*|pkg|target)\//.test(path)
    if (exact !== undefined && !(isBuilt && (framework !== undefined || list.includes('Cargo.toml')))) {
      const others =
        config?.readsAllModules === true ? sources.filter((each) => each.startsWith(posix.dirname(exact) === '.' ? '' : posix.dirname(exact))) : []
      return chosen(exact, 'modules', [exact, ...[...others, ...(framework === undefined ? [] : sources)].filter((each) => each !== exact)])
    }
    if (list.includes('Cargo.toml')) return chosen(path, 'rust', [])
    if (framework !== undefined) return chosen(path, 'framework', sources)
    // Built by a command of the project: its sources say what it will do.
    if ((config?.buildCommand !== undefined || isBuilt || !isCode(path)) && sources.length > 0) {
      const guess = await guessEntry(files, list, dependencies, onFile)
      return guess === undefined ? chosen(path, 'built', sources, true) : chosen(guess, 'modules', [guess], true)
    }
    throw fault('worker_main_missing', { file: config?.file ?? '', line: main.line, main: main.text })
  }
  const functions = list.filter((path) => /^functions\/.+/.test(path) && isSource(path))
  const advanced = list.find((path) => /(^|\/)_worker\.[mc]?[jt]s$/.test(path))
  if (functions.length > 0 && (found.kind === 'pages' || config?.pagesOutput !== undefined || config?.assetsDirectory === undefined))
    return chosen(undefined, 'pages', functions)
  if (config?.pagesOutput !== undefined || found.kind === 'pages')
    return advanced === undefined
      ? chosen(undefined, framework === undefined ? 'assets' : 'framework', framework === undefined ? [] : sources)
      : chosen(advanced, 'modules', [advanced])
  if (framework !== undefined && (config !== undefined || dependencies.some((name) => /cloudflare|wrangler/.test(name))))
    return chosen(undefined, 'framework', sources)
  if (config?.assetsDirectory !== undefined) return chosen(undefined, 'assets', [])
  const guess = await guessEntry(files, list, dependencies, onFile)
  if (guess !== undefined) return chosen(guess, 'modules', [guess], true)
  if (config === undefined) throw fault('worker_not_found', { dir: files.dir, because: 'no wrangler config, and no file with a fetch handler' })
  if (config.top.other.some((each) => each.feature === 'sites')) return chosen(undefined, 'assets', [])
  throw sources.length === 0
    ? fault('worker_no_code', { dir: files.dir })
    : fault('worker_not_found', { dir: files.dir, because: `${config.file} names no main, and no file has a fetch handler` })
}
async function firstThere(files: SourceFiles, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if ((await files.read(path)) !== undefined) return path
  return undefined
}
/** The likeliest file that has a handler; a Bun server looks the same but names a port. */
async function guessEntry(
  files: SourceFiles,
  list: readonly string[],
  dependencies: readonly string[],
  onFile: () => void,
): Promise<string | undefined> {
  const main = (await readJson(files, 'package.json'))?.['main']
  for (const path of guessEntries(list, typeof main === 'string' ? posix.normalize(main) : undefined)) {
    const text = await files.read(path)
    if (text === undefined || text === tooLarge || !/\bfetch\b|Hono|Router|WorkerEntrypoint/.test(text)) continue
    const program = await readProgram(files, [path], {}, onFile)
    const entry = entryOf(program, path)
    const isServer = entry.hasServerPort || (program.packages.has('@hono/node-server') && !dependencies.includes('wrangler'))
    const isFactory =
      program.modules.get(path)?.defaultKind === 'call' && ![...program.packages.keys()].some((name) => /hono|router|worktop|sunder/.test(name))
    if (entry.handlers.some((handler) => handler.name === 'fetch') && !isServer && !isFactory) return path
  }
  return undefined
}
/** Names in .dev.vars and the like: secrets are in no config. Values are not read. */
async function secretNames(files: SourceFiles, list: readonly string[], config: WranglerConfig | undefined): Promise<ReadonlySet<string>> {
  const names = new Set(config?.requiredSecrets.map((each) => each.text) ?? [])
  for (const path of list.filter((each) => each.startsWith('.dev.vars'))) {
    const text = await files.read(path)
    for (const match of (typeof text === 'string' ? text : '').matchAll(/^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=/gm)) names.add(match[1] ?? '')
  }
  return names
}
/** functions/api/[id].ts answers /api/:id; `[[path]]` everything below. */
function pagesRoutes(list: readonly string[], program: Program): readonly Route[] {
  return list.flatMap((file): readonly Route[] => {
    const facts = program.modules.get(file)
    if (facts === undefined || !file.startsWith('functions/')) return []
    const stem = file
      .slice('functions'.length)
      .replace(/\.[mc]?[jt]sx?$/, '')
      .replace(/\/index$/, '')
    const isMiddleware = stem.endsWith('/_middleware')
    const path = stem
      .replace('/_middleware', '/*')
      .replaceAll(/\[\[(\w+)\]\]/g, ':$1*')
      .replaceAll(/\[(\w+)\]/g, ':$1')
    return Object.entries(facts.exports).flatMap(([name, each]) => {
      const method = /^onRequest([A-Z][a-z]+)?$/.exec(name)
      return method === null
        ? []
        : [
            {
              method: method[1]?.toUpperCase(),
              path: path === '' ? '/' : path,
              style: isMiddleware ? 'Pages middleware' : 'Pages function',
              file,
              line: each.line,
            },
          ]
    })
  })
}
