import { lstat, readdir, readFile, realpath } from 'node:fs/promises'
import { dirname, join, posix, relative, resolve, sep } from 'node:path'

/** A project's files, by paths from its folder with `/`; `../` reaches what the workspace around it shares. */
export interface SourceFiles {
  /** The folder as shown. */
  readonly dir: string
  /** Code and configs, without node_modules and built files; `isCut` when there were more than `maxFiles`. */
  list(): Promise<{ readonly files: readonly string[]; readonly isCut: boolean }>
  /** Text of a file, undefined where there is none; `tooLarge` when it is beyond the limit. */
  read(path: string): Promise<string | typeof tooLarge | undefined>
  /** How many files a folder holds and the size of the largest, for assets. */
  measure(folder: string): Promise<{ readonly files: number; readonly largestBytes: number; readonly largest: string | undefined }>
}
/** Stands for the text of a file that is not read. */
export const tooLarge = Symbol('larger than the limit')
export const maxFiles = 5_000
export const maxFileBytes = 2 * 1024 * 1024
const left = new Set([
  'node_modules',
  '.git',
  '.wrangler',
  '.next',
  '.open-next',
  '.svelte-kit',
  '.nuxt',
  '.output',
  '.turbo',
  '.vercel',
  '.cache',
  'coverage',
  'dist',
  'build',
  '.yarn',
  '.pnpm-store',
  '__tests__',
  '__mocks__',
])
const wanted =
  /(\.([mc]?[jt]s|[jt]sx|py|rs|vue|svelte|astro)|(^|\/)(wrangler\.(toml|jsonc?)|package\.json|tsconfig[^/]*\.json|jsconfig\.json|Dockerfile|(docker-)?compose\.ya?ml|pnpm-workspace\.yaml|_routes\.json|cloudflare\.config\.ts|wrangler\.config\.ts|\.dev\.vars(\.[\w.-]+)?|Cargo\.toml))$/

/** Opens a folder. Reads stay inside the workspace around it (the nearest folder above with .git or a workspace file), links are not followed out of it. */
export async function openSourceFiles(folder: string, shown: string): Promise<SourceFiles> {
  const root = await realpath(folder)
  const workspace = await workspaceOf(root)
  const inside = (path: string) => path === workspace || path.startsWith(workspace.endsWith(sep) ? workspace : workspace + sep)
  return {
    dir: shown,
    list: async () => {
      const files: string[] = []
      const open = [root]
      for (let here = open.shift(); here !== undefined; here = open.shift()) {
        const entries = (await readdir(here, { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1))
        for (const entry of entries) {
          const path = join(here, entry.name)
          if (entry.isDirectory() && !left.has(entry.name)) open.push(path)
          const name = relative(root, path).split(sep).join('/')
          if (!entry.isFile() || !wanted.test(name)) continue
          if (files.length >= maxFiles) return { files, isCut: true }
          files.push(name)
        }
      }
      return { files, isCut: false }
    },
    read: async (path) => {
      const full = resolve(root, path)
      if (!inside(full)) return undefined
      try {
        const real = await realpath(full)
        if (!inside(real)) return undefined
        const stat = await lstat(real)
        if (!stat.isFile()) return undefined
        return stat.size > maxFileBytes ? tooLarge : await readFile(real, 'utf8')
      } catch (error) {
        if (isAbsent(error)) return undefined
        throw error
      }
    },
    measure: async (path) => {
      const start = resolve(root, path)
      let files = 0
      let largestBytes = 0
      let largest: string | undefined
      if (!inside(start)) return { files, largestBytes, largest }
      const open = [start]
      for (let here = open.shift(); here !== undefined && files <= 100_000; here = open.shift()) {
        for (const entry of await entriesOf(here)) {
          const each = join(here, entry.name)
          if (entry.isDirectory() && entry.name !== 'node_modules' && entry.name !== '.git') open.push(each)
          if (!entry.isFile()) continue
          files++
          const { size } = await lstat(each)
          if (size > largestBytes) [largestBytes, largest] = [size, posix.normalize(relative(root, each).split(sep).join('/'))]
        }
      }
      return { files, largestBytes, largest }
    },
  }
}
const isAbsent = (error: unknown) =>
  error instanceof Error &&
  'code' in error &&
  ['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE'].includes(String(error.code))
async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (isAbsent(error)) return []
    throw error
  }
}
async function workspaceOf(root: string): Promise<string> {
  for (let here = root, steps = 0; steps < 12; steps++) {
    const names = (await entriesOf(here)).map((entry) => entry.name)
    if (['.git', 'pnpm-workspace.yaml', 'lerna.json', 'nx.json', 'turbo.json'].some((name) => names.includes(name))) return here
    const up = dirname(here)
    if (up === here) break
    here = up
  }
  return root
}
