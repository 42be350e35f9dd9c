import type { ProjectFiles } from './project-files.ts'

/** The parts of package.json that decide about building and starting; anything of a wrong type is absent. */
export interface PackageJson {
  readonly name: string | undefined
  readonly main: string | undefined
  readonly type: string | undefined
  readonly packageManager: string | undefined
  readonly nodeRange: string | undefined
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly hasWorkspaces: boolean
  readonly raw: Readonly<Record<string, unknown>>
}

/** Undefined when there is none, or when it is no JSON object: npm itself will say so better. */
export function readPackageJson(files: ProjectFiles): PackageJson | undefined {
  const raw = objectOf(files.text('package.json'))
  if (raw === undefined) return undefined
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined)
  const engines = textMap(raw['engines'])
  return {
    name: text(raw['name']),
    main: text(raw['main']),
    type: text(raw['type']),
    packageManager: text(raw['packageManager']),
    nodeRange: engines['node'],
    scripts: textMap(raw['scripts']),
    dependencies: { ...textMap(raw['optionalDependencies']), ...textMap(raw['dependencies']) },
    devDependencies: textMap(raw['devDependencies']),
    hasWorkspaces: raw['workspaces'] !== undefined,
    raw,
  }
}

export function objectOf(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

export const textMap = (value: unknown): Readonly<Record<string, string>> =>
  typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string'))
    : {}
