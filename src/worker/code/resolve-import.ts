import { posix } from 'node:path'
import { isFault } from '../../model/fault/fault.ts'
import { toJson } from '../../fly-toml/toml-document.ts'
import { readJsoncDocument } from '../config/jsonc-document.ts'
import { tooLarge, type SourceFiles } from '../project/source-files.ts'

export type Resolved =
  | { readonly kind: 'file'; readonly path: string; readonly text: string | typeof tooLarge }
  | { readonly kind: 'data'; readonly path: string }
  | { readonly kind: 'package'; readonly name: string }
  | { readonly kind: 'runtime'; readonly name: string }
  | { readonly kind: 'missing'; readonly name: string }
interface Json {
  readonly [key: string]: unknown
}
const endings = [
  '',
  '.ts',
  '.tsx',
  '.mts',
  '.cts',
  '.js',
  '.jsx',
  '.mjs',
  '.cjs',
  '/index.ts',
  '/index.tsx',
  '/index.mts',
  '/index.js',
  '/index.jsx',
  '/index.mjs',
  '/index.cjs',
]
export const isCode = (path: string) => /\.([mc]?[jt]s|[jt]sx)$/.test(path) && !path.endsWith('.d.ts')
const builtins =
  /^(assert|async_hooks|buffer|child_process|crypto|dns|events|fs|fs\/promises|http|https|net|os|path|perf_hooks|process|querystring|stream|string_decoder|tls|url|util|zlib|module|vm|worker_threads|timers)$/

export interface Resolver {
  resolve(from: string, specifier: string): Promise<Resolved>
}

/** Finds what an import means inside the project: relative paths, TypeScript's `paths`, `imports` of package.json, wrangler's `alias`. */
export async function openResolver(files: SourceFiles, alias: Readonly<Record<string, string>>): Promise<Resolver> {
  const pathRules = await readPathRules(files)
  const manifest = await readJson(files, 'package.json')
  const internal = objectOf(manifest?.['imports'])
  const workspace = new Map<string, Promise<string | undefined>>()
  const tryFile = async (base: string): Promise<Resolved | undefined> => {
    const path = posix.normalize(base)
    const stem = path.replace(/\.([mc]?)js(x?)$/, '')
    // TypeScript writes ./x.js for what is ./x.ts on disk.
    const other = stem === path ? [] : [`${stem}.ts`, `${stem}.tsx`, `${stem}.mts`, `${stem}.cts`]
    for (const candidate of [path, ...other, ...endings.slice(1).map((ending) => path + ending)]) {
      if (!isCode(candidate) && candidate !== path) continue
      const text = await files.read(candidate)
      if (text === undefined) continue
      return isCode(candidate) ? { kind: 'file', path: candidate, text } : { kind: 'data', path: candidate }
    }
    return undefined
  }
  const resolveOnce = async (from: string, asked: string, depth: number): Promise<Resolved> => {
    const specifier = asked.replace(/\?.*$/, '')
    if (/^(cloudflare|workerd|node):/.test(specifier) || builtins.test(specifier)) return { kind: 'runtime', name: specifier }
    const renamed = Object.hasOwn(alias, specifier) ? alias[specifier] : undefined
    if (renamed !== undefined && depth < 3) return resolveOnce('x', renamed, depth + 1)
    if (specifier.startsWith('.')) return (await tryFile(posix.join(posix.dirname(from), specifier))) ?? { kind: 'missing', name: asked }
    if (specifier.startsWith('/')) return { kind: 'missing', name: asked }
    for (const rule of pathRules) {
      const rest = matchStar(rule.pattern, specifier)
      if (rest === undefined) continue
      for (const target of rule.targets) {
        const found = await tryFile(target.replace('*', rest))
        if (found !== undefined) return found
      }
    }
    if (specifier.startsWith('#')) {
      for (const [pattern, target] of Object.entries(internal)) {
        const rest = matchStar(pattern, specifier)
        const path = rest === undefined ? undefined : firstText(target)
        const found = path === undefined ? undefined : await tryFile(path.replace('*', rest ?? ''))
        if (found !== undefined) return found
      }
      return { kind: 'missing', name: asked }
    }
    const name = packageName(specifier)
    const folder = await workspaceFolder(name)
    if (folder !== undefined) {
      const found = await fromWorkspace(folder, specifier.slice(name.length + 1))
      if (found !== undefined) return found
    }
    return { kind: 'package', name }
  }
  /** A package of the same workspace: its source is the project's own. */
  const workspaceFolder = (name: string): Promise<string | undefined> => {
    const known = workspace.get(name)
    if (known !== undefined) return known
    const looking = (async () => {
      const version = ['dependencies', 'devDependencies'].map((key) => objectOf(manifest?.[key])[name]).find((each) => typeof each === 'string')
      if (typeof version !== 'string' || !/^(workspace:|file:|link:|\*$)/.test(version)) return undefined
      const path = /^(?:file:|link:)(.+)$/.exec(version)?.[1]
      const short = name.split('/').at(-1) ?? name
      const guesses =
        path === undefined
          ? ['..', '../..', '../../..'].flatMap((up) => ['packages', 'libs', 'shared', 'apps', '.'].map((group) => posix.join(up, group, short)))
          : [path]
      for (const guess of guesses) if ((await readJson(files, posix.join(guess, 'package.json')))?.['name'] === name) return guess
      return undefined
    })()
    workspace.set(name, looking)
    return looking
  }
  const fromWorkspace = async (folder: string, inner: string): Promise<Resolved | undefined> => {
    const json = await readJson(files, posix.join(folder, 'package.json'))
    const entry = objectOf(json?.['exports'])[inner === '' ? '.' : `./${inner}`] ?? (inner === '' ? json?.['exports'] : undefined)
    const named = [firstText(entry), inner === '' ? json?.['module'] : undefined, inner === '' ? json?.['main'] : undefined].flatMap((each) =>
      typeof each === 'string' ? [each] : [],
    )
    const guesses = inner === '' ? ['src/index', 'index'] : [`src/${inner}`, inner]
    for (const each of [...named, ...guesses]) {
      const found = await tryFile(posix.join(folder, each))
      if (found?.kind === 'file') return found
    }
    return undefined
  }
  return { resolve: (from, specifier) => resolveOnce(from, specifier, 0) }
}

export const packageName = (specifier: string) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
/** What `*` stands for when a pattern with at most one star fits. */
function matchStar(pattern: string, text: string): string | undefined {
  const star = pattern.indexOf('*')
  if (star < 0) return pattern === text ? '' : undefined
  const [head, tail] = [pattern.slice(0, star), pattern.slice(star + 1)]
  return text.startsWith(head) && text.endsWith(tail) && text.length >= head.length + tail.length
    ? text.slice(star, text.length - tail.length)
    : undefined
}
const objectOf = (value: unknown): Json => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {})
function firstText(value: unknown, depth = 0): string | undefined {
  if (typeof value === 'string') return value
  const inner = objectOf(value)
  if (depth > 4) return undefined
  for (const key of ['workerd', 'worker', 'types', 'import', 'default', ...Object.keys(inner)]) {
    const found = Object.hasOwn(inner, key) ? firstText(inner[key], depth + 1) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

/** A JSON file as plain values; undefined where there is none or it is broken: what stands in it is only a help. */
export async function readJson(files: SourceFiles, path: string): Promise<Json | undefined> {
  const text = await files.read(path)
  if (text === undefined || text === tooLarge) return undefined
  try {
    return objectOf(toJson(readJsoncDocument(path, text)))
  } catch (error) {
    if (isFault(error, 'worker_config_broken')) return undefined
    throw error
  }
}

async function readPathRules(files: SourceFiles): Promise<readonly { readonly pattern: string; readonly targets: readonly string[] }[]> {
  const rules: { pattern: string; targets: string[] }[] = []
  const open = [
    'tsconfig.json',
    'jsconfig.json',
    'tsconfig.app.json',
    'tsconfig.worker.json',
    'tsconfig.cloudflare.json',
    '../tsconfig.json',
    '../../tsconfig.json',
  ]
  for (const [index, file] of open.entries()) {
    if (index > 20) break
    const json = await readJson(files, file)
    const options = objectOf(json?.['compilerOptions'])
    const base = posix.join(posix.dirname(file), typeof options['baseUrl'] === 'string' ? options['baseUrl'] : '.')
    for (const [pattern, targets] of Object.entries(objectOf(options['paths']))) {
      const texts = Array.isArray(targets) ? targets.filter((each): each is string => typeof each === 'string') : []
      rules.push({ pattern, targets: texts.map((target) => posix.join(base, target)) })
    }
    if (typeof options['baseUrl'] === 'string') rules.push({ pattern: '*', targets: [posix.join(base, '*')] })
    for (const parent of [json?.['extends']].flat())
      if (typeof parent === 'string' && parent.startsWith('.'))
        open.push(posix.join(posix.dirname(file), parent.endsWith('.json') ? parent : `${parent}.json`))
  }
  return rules
}
