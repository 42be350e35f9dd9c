import { posix } from 'node:path'
import type { SourceFiles } from './source-files.ts'

export interface FoundWorker {
  /** Folder below the project, '' for itself. */
  readonly folder: string
  readonly config: string | undefined
  /** Other configs beside it, to be chosen with -c. */
  readonly otherConfigs: readonly string[]
  readonly kind: 'worker' | 'pages'
}
const order = ['wrangler.json', 'wrangler.jsonc', 'wrangler.toml']
const isConfig = (name: string) => /^wrangler(\.[\w-]+)*\.(toml|jsonc?)$/.test(name)

/** The Workers of a folder by their configs, in wrangler's order of preference; Pages projects without one by `functions/` or `_worker.js`. */
export function findWorkers(list: readonly string[]): readonly FoundWorker[] {
  const configs = new Map<string, string[]>()
  for (const path of list) {
    const folder = folderOf(path)
    const isTest = /(^|\/)(node_modules|fixtures?|tests?|__\w+__)\//.test(path)
    if (isConfig(posix.basename(path)) && !isTest) configs.set(folder, [...(configs.get(folder) ?? []), path])
  }
  const found = [...configs].flatMap(([folder, paths]): readonly FoundWorker[] => {
    const main = order.map((name) => posix.join(folder, name)).find((path) => paths.includes(path)) ?? paths[0]
    if (main === undefined || /\.(example|sample|template)\./.test(main)) return []
    return [{ folder, config: main, otherConfigs: paths.filter((path) => path !== main), kind: 'worker' }]
  })
  if (found.length > 0) return found.toSorted((a, b) => (a.folder < b.folder ? -1 : 1))
  const isPages = list.some((path) => /^functions\/.+\.[mc]?[jt]sx?$/.test(path)) || list.includes('_worker.js') || list.includes('_worker.ts')
  return isPages ? [{ folder: '', config: undefined, otherConfigs: [], kind: 'pages' }] : []
}
export const folderOf = (path: string) => (path.includes('/') ? posix.dirname(path) : '')

/** Files that may be a Worker's entry where no config names one, likeliest first. */
export function guessEntries(list: readonly string[], manifestMain: string | undefined): readonly string[] {
  const endings = ['ts', 'js', 'mjs', 'mts', 'tsx', 'jsx', 'cjs']
  const stems = [
    'src/index',
    'src/worker',
    'src/main',
    'src/server',
    'src/app',
    'index',
    'worker',
    'main',
    'app',
    'server',
    'src/_worker',
    '_worker',
    'workers/index',
    'worker/index',
    'workers-site/index',
  ]
  const named = stems.flatMap((stem) => endings.map((ending) => `${stem}.${ending}`)).filter((path) => list.includes(path))
  const shallow = list.filter((path) => path.split('/').length <= 2 && isSource(path))
  return [...new Set([...(manifestMain !== undefined && list.includes(manifestMain) ? [manifestMain] : []), ...named, ...shallow])].slice(0, 40)
}
/** Code of the project itself: no tests, no declarations, no tool's config. */
export const isSource = (path: string) =>
  /\.([mc]?[jt]s|[jt]sx)$/.test(path) &&
  !/\.(test|spec|stories|d|config)\.[mc]?[jt]sx?$|(^|\/)(tests?|e2e|scripts|migrations|__\w+__|public|static|\.storybook)\//.test(path)

const frameworks: readonly (readonly [dependency: RegExp, name: string])[] = [
  [/^@opennextjs\/cloudflare$|^@cloudflare\/next-on-pages$/, 'Next.js'],
  [/^vinext$/, 'vinext'],
  [/^@astrojs\/cloudflare$/, 'Astro'],
  [/^@sveltejs\/(adapter-cloudflare|kit)$/, 'SvelteKit'],
  [/^(nuxt|nitropack|nitro|nitro-cloudflare-dev)$/, 'Nuxt/Nitro'],
  [/^@remix-run\/cloudflare/, 'Remix'],
  [/^@react-router\/(cloudflare|dev)$/, 'React Router'],
  [/^@tanstack\/(react|solid)-start$/, 'TanStack Start'],
  [/^@solidjs\/start$/, 'SolidStart'],
  [/^@builder\.io\/qwik-city$/, 'Qwik City'],
  [/^(rwsdk|@redwoodjs\/sdk)$/, 'RedwoodSDK'],
  [/^@angular\/ssr$/, 'Angular'],
  [/^honox$/, 'HonoX'],
  [/^waku$/, 'Waku'],
]
export const frameworkOf = (dependencies: readonly string[]): string | undefined =>
  frameworks.find(([pattern]) => dependencies.some((name) => pattern.test(name)))?.[1]
export const readManifestNames = (manifest: Readonly<Record<string, unknown>> | undefined): Readonly<Record<string, string>> => {
  const all: Record<string, string> = {}
  for (const key of ['peerDependencies', 'devDependencies', 'dependencies']) {
    const table = manifest?.[key]
    if (typeof table === 'object' && table !== null)
      for (const [name, version] of Object.entries(table)) if (typeof version === 'string') all[name] = version
  }
  return all
}
/** The files as a folder below sees them. */
export function below(files: SourceFiles, folder: string): SourceFiles {
  if (folder === '') return files
  return {
    dir: `${files.dir === '.' ? '' : `${files.dir}/`}${folder}`,
    list: async () => {
      const { files: all, isCut } = await files.list()
      return { files: all.flatMap((path) => (path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1)] : [])), isCut }
    },
    read: (path) => files.read(posix.join(folder, path)),
    measure: (path) => files.measure(posix.join(folder, path)),
  }
}
