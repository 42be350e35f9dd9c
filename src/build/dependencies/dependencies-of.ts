import { createHash } from 'node:crypto'
import { isFault } from '../../model/fault/fault.ts'
import type { BundleRequest } from '../../protocol/kante-api.ts'
import { readTomlDocument, toJson } from '../../fly-toml/toml-document.ts'
import { readPackageJson, textMap, type PackageJson } from '../detect/package-json.ts'
import type { ProjectFiles } from '../detect/project-files.ts'

export type DependencyKind = NonNullable<BundleRequest['dependencies']>['kind']
/** Who installs a project's dependencies, and from which of its files. */
export interface Dependencies {
  readonly kind: Exclude<DependencyKind, 'none'>
  /** Paths in the project, sorted; all of the project when its own install scripts may read anything. */
  readonly files: readonly string[]
}

const lockfiles: readonly (readonly [file: string, kind: Dependencies['kind']])[] = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['npm-shrinkwrap.json', 'npm'],
  ['package-lock.json', 'npm'],
]
/** Scripts of the project itself that an installation runs. */
const ownScripts = ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare']
const besides = ['.npmrc', '.yarnrc', '.yarnrc.yml', '.pnpmfile.cjs', 'pnpm-workspace.yaml', 'bunfig.toml']

/** What a project needs installed; undefined when nothing. `shipped`: the paths that are in the layer. */
export function dependenciesOf(files: ProjectFiles, shipped: readonly string[]): Dependencies | undefined {
  const isShipped = new Set(shipped)
  const pkg = readPackageJson(files)
  if (pkg !== undefined && isShipped.has('package.json')) {
    if (!needsInstalling(pkg, isShipped)) return undefined
    const locked = lockfiles.find(([file]) => isShipped.has(file))
    const kind = locked?.[1] ?? managerNamed(pkg)
    return { kind, files: nodeFiles(pkg, locked?.[0], shipped) }
  }
  return pythonDependencies(files, isShipped)
}

const needsInstalling = (pkg: PackageJson, isShipped: ReadonlySet<string>) =>
  Object.keys({ ...pkg.dependencies, ...textMap(pkg.raw['peerDependencies']) }).length > 0 ||
  pkg.hasWorkspaces ||
  isShipped.has('pnpm-workspace.yaml') ||
  ownScripts.some((script) => pkg.scripts[script] !== undefined)

function managerNamed(pkg: PackageJson): Dependencies['kind'] {
  const name = pkg.packageManager?.split('@')[0]
  return name === 'pnpm' || name === 'yarn' || name === 'bun' ? name : 'npm'
}

function nodeFiles(pkg: PackageJson, lockfile: string | undefined, shipped: readonly string[]): readonly string[] {
  if (ownScripts.some((script) => pkg.scripts[script] !== undefined)) return shipped.toSorted()
  const wanted = new Set(['package.json', ...besides, ...(lockfile === undefined ? [] : [lockfile])])
  const isWorkspace = (path: string) => (pkg.hasWorkspaces || shipped.includes('pnpm-workspace.yaml') ? path.endsWith('/package.json') : false)
  const isPatch = (path: string) => path.startsWith('patches/') || path.startsWith('.yarn/')
  return shipped.filter((path) => wanted.has(path) || isWorkspace(path) || isPatch(path)).toSorted()
}

function pythonDependencies(files: ProjectFiles, isShipped: ReadonlySet<string>): Dependencies | undefined {
  if (isShipped.has('requirements.txt')) {
    const included = [...(files.text('requirements.txt') ?? '').matchAll(/^\s*-[rc]\s*([\w./-]+)/gm)].map((match) => match[1] ?? '')
    return { kind: 'pip', files: ['requirements.txt', ...included.filter((path) => isShipped.has(path))].toSorted() }
  }
  if (isShipped.has('pyproject.toml') && pyprojectDependencies(files.text('pyproject.toml') ?? '').length > 0) {
    return { kind: 'pip', files: ['pyproject.toml'] }
  }
  return undefined
}

/** `project.dependencies` (PEP 621). A file that cannot be read has none: the project's own tools say what is wrong with it. */
export function pyprojectDependencies(text: string): readonly string[] {
  try {
    const { project } = toJson(readTomlDocument('pyproject.toml', text)) as { project?: { dependencies?: unknown } }
    const found = project?.dependencies
    return Array.isArray(found) ? found.filter((item): item is string => typeof item === 'string' && !item.startsWith('-')) : []
  } catch (error) {
    if (isFault(error, 'config_invalid')) return []
    throw error
  }
}

/**
 * sha256 over the bytes of the files that decide the result; `contentOf` gives them. The platform hashes them once more, from the layer, with its own
 * Node and processor: a key alone is never believed.
 */
export async function dependencyKeyOf(dependencies: Dependencies, contentOf: (path: string) => Promise<Uint8Array>): Promise<string> {
  const hash = createHash('sha256').update(`${dependencies.kind}\0`)
  for (const path of dependencies.files)
    hash.update(`${path}\0`).update(
      createHash('sha256')
        .update(await contentOf(path))
        .digest(),
    )
  return hash.digest('hex')
}
