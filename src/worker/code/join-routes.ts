import { joinPaths } from './read-routers.ts'
import { importOf, type Place, type Program } from './read-program.ts'

export interface Route extends Place {
  /** undefined: any. */
  readonly method: string | undefined
  readonly path: string
  /** How it is written: `Hono`, `comparison`, `switch`, `regex` … */
  readonly style: string
}

/** All routes of a program, those of mounted routers with the prefixes they answer below. */
export function joinRoutes(program: Program): readonly Route[] {
  const bases = new Map<string, string>()
  const above = new Map<string, { readonly key: string | undefined; readonly prefix: string }[]>()
  for (const [path, facts] of program.modules) for (const router of facts.routers) bases.set(`${path}#${router.name}`, router.base)
  for (const [path, facts] of program.modules)
    for (const mount of facts.mounts) {
      const inner = routerKey(program, path, mount.inner, 0)
      const outer = mount.router === undefined ? undefined : routerKey(program, path, mount.router, 0)
      if (inner !== undefined && inner !== outer) above.set(inner, [...(above.get(inner) ?? []), { key: outer, prefix: mount.prefix }])
    }
  const prefixesOf = (key: string, depth: number): readonly string[] => {
    const base = bases.get(key) ?? ''
    const mounts = above.get(key) ?? []
    if (mounts.length === 0 || depth > 8) return [base]
    const found = mounts.flatMap((mount) =>
      (mount.key === undefined ? [''] : prefixesOf(mount.key, depth + 1)).map((outer) => joinPaths(joinPaths(outer, mount.prefix), base)),
    )
    return [...new Set(found)].slice(0, 20)
  }
  const routes: Route[] = []
  for (const [path, facts] of program.modules)
    for (const route of facts.routes) {
      const key = route.kind === 'router' && route.router !== undefined ? routerKey(program, path, route.router, 0) : undefined
      const prefixes = key === undefined ? [''] : prefixesOf(key, 0)
      for (const prefix of prefixes) {
        const full = route.path.startsWith('/^') ? route.path : joinPaths(prefix, route.path)
        routes.push({ method: route.method, path: full === '' ? '/' : full, style: route.style, file: path, line: route.line })
      }
    }
  return [...new Map(routes.map((route) => [`${route.method} ${route.path}`, route] as const)).values()]
}

/** The router that a name of a module stands for, wherever it was made. */
function routerKey(program: Program, path: string, name: string, depth: number): string | undefined {
  const facts = program.modules.get(path)
  if (facts === undefined || depth > 8) return undefined
  const own = facts.routers.find((router) => router.name === name) ?? facts.routers.find((router) => router.madeBy === name)
  if (own !== undefined) return `${path}#${own.name}`
  const imported = importOf(facts, name)
  const target = imported === undefined ? undefined : program.target(path, imported.from)
  if (imported === undefined || target === undefined) return undefined
  return exportedRouter(program, target, imported.name, depth + 1)
}
function exportedRouter(program: Program, path: string, name: string, depth: number): string | undefined {
  const facts = program.modules.get(path)
  if (facts === undefined || depth > 8) return undefined
  const found = Object.hasOwn(facts.exports, name) ? facts.exports[name] : undefined
  if (found?.local !== undefined) return routerKey(program, path, found.local, depth + 1)
  if (found?.from !== undefined) {
    const next = program.target(path, found.from)
    return next === undefined ? undefined : exportedRouter(program, next, found.name ?? 'default', depth + 1)
  }
  for (const star of facts.starExports) {
    const next = program.target(path, star)
    const inner = next === undefined ? undefined : exportedRouter(program, next, name, depth + 1)
    if (inner !== undefined) return inner
  }
  // export default new Hono().get(…): a chain without a name.
  return undefined
}
