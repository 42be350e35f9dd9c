import {
  bare,
  calleeOf,
  dotted,
  identifier,
  isCall,
  isFunction,
  isMember,
  lineOf,
  literal,
  literalPattern,
  memberName,
  part,
  parts,
  type SyntaxNode,
  type Tree,
} from './syntax.ts'
import type { Mount, RouterRoute, RouterVariable } from './module-facts.ts'
import type { Names } from './names.ts'

/** Packages whose objects route: name as shown. */
const libraries: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^hono($|\/)|^@hono\//, 'Hono'],
  [/^itty-router/, 'itty-router'],
  [/^worktop/, 'worktop'],
  [/^chanfana|itty-router-openapi/, 'chanfana'],
  [/^express$/, 'Express'],
  [/^elysia/, 'Elysia'],
  [/^h3$/, 'h3'],
  [/router|^sunder|^polka$|^koa|^regexparam|^rou3$|^fastify$/, 'router'],
]
const libraryOf = (from: string | undefined) => (from === undefined ? undefined : libraries.find(([pattern]) => pattern.test(from))?.[1])
const verbs = new Set(['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'all', 'any', 'del'])
const routerTypes = /^(Hono|OpenAPIHono|Router|RouterType|IRequest|Express|Elysia|OpenAPIRouterType)$/

export interface RouterFacts {
  readonly routers: readonly RouterVariable[]
  readonly routes: readonly RouterRoute[]
  readonly mounts: readonly Mount[]
}

/** Routes that are registered with a router: Hono, itty-router, worktop, Express and what works as they do. */
export function readRouters(tree: Tree, names: Names): RouterFacts {
  const routers = new Map<string, RouterVariable>()
  const routes: RouterRoute[] = []
  const mounts: Mount[] = []
  for (const [name, values] of names.values) {
    for (const value of values) {
      const made = madeRouter(value, names)
      if (made !== undefined) routers.set(name, { name, ...made, madeBy: functionAround(tree, value) })
    }
  }
  // fromHono(app): the same router under another name.
  for (const [name, values] of names.values)
    for (const value of values) {
      const inner = isCall(value) ? identifier(bare(parts(value, 'arguments')[0])) : undefined
      const known = inner === undefined ? undefined : routers.get(inner)
      if (known !== undefined && !routers.has(name) && libraryOf(names.imported.get(dotted(calleeOf(value)) ?? '')?.from) !== undefined) {
        routers.set(name, { ...known, name })
        mounts.push({ router: inner, prefix: '', inner: name })
      }
    }
  for (const node of tree.nodes) {
    if (!isCall(node)) continue
    const callee = calleeOf(node)
    if (!isMember(callee)) continue
    const name = memberName(callee) ?? ''
    const given = parts(node, 'arguments')
    const root = chainRoot(part(callee, 'object'), names)
    const known =
      root.name === undefined
        ? undefined
        : (routers.get(root.name) ?? (routerTypes.test(names.typed.get(root.name) ?? '') ? { library: 'router', base: '' } : undefined))
    const library = known?.library ?? root.library
    const style = library ?? 'router'
    const base = root.base
    const path = pathOf(given[0])
    const add = (method: string | undefined, at: string) =>
      routes.push({ kind: 'router', style, router: root.name, method, path: joinPaths(base, at), line: lineOf(part(callee, 'property')) })
    if (verbs.has(name) && given.length >= 2 && path !== undefined) {
      const isRoute =
        library !== undefined ||
        (/^[/*]/.test(path) &&
          handlerLike(given[given.length - 1]) &&
          !/(kv|cache|store|db|bucket|map|headers|params|axios|client|fetcher|stub)/i.test(root.name ?? 'client'))
      if (isRoute) add(['all', 'any'].includes(name) ? undefined : name === 'del' ? 'DELETE' : name.toUpperCase(), path)
    } else if (name === 'on' && given.length >= 3 && library !== undefined) {
      const methods = list(given[0])
      for (const each of list(given[1])) for (const method of methods) add(method.toUpperCase(), each)
    } else if (name === 'add' && given.length >= 3) {
      const method = literal(bare(given[0]))
      const at = pathOf(given[1])
      if (method !== undefined && at !== undefined && /^[A-Z]+$/.test(method)) add(method, at)
    } else if (name === 'openapi' && given.length >= 2) {
      const config = openApiRoute(given[0], names)
      if (config !== undefined) add(config.method, config.path)
    } else if (['route', 'mount', 'use', 'register'].includes(name) && given.length >= 2 && path !== undefined && library !== undefined) {
      const inner = bare(given[given.length - 1])
      const target = identifier(isCall(inner) ? calleeOf(inner) : inner) ?? dotted(isMember(inner) ? part(inner, 'object') : undefined)
      if (target !== undefined && (routers.has(target) || name === 'route' || names.imported.has(target)) && name !== 'use')
        mounts.push({ router: root.name, prefix: joinPaths(base, path), inner: target })
      else if (target !== undefined && name === 'use' && (routers.has(target) || (names.imported.get(target)?.from ?? '').startsWith('.')))
        mounts.push({ router: root.name, prefix: joinPaths(base, path), inner: target })
      else if (name === 'mount') add(undefined, `${path}/*`)
    }
  }
  return { routers: [...routers.values()], routes, mounts }
}

const routerNames =
  /^(Hono|OpenAPIHono|Router|AutoRouter|IttyRouter|OpenAPIRouter|fromIttyRouter|fromHono|express|Elysia|createRouter|ThrowableRouter|H3|App)$/
function madeRouter(value: SyntaxNode, names: Names): { readonly library: string; readonly base: string } | undefined {
  const { root, base } = chain(value)
  const callee = calleeOf(root)
  if (root === undefined || callee === undefined || (root.type !== 'NewExpression' && !isCall(root))) return undefined
  const name = dotted(callee)
  const imported = names.imported.get(name?.split('.')[0] ?? '')
  const library = libraryOf(imported?.from)
  const isRouter = routerNames.test(imported?.name === 'default' ? 'Router' : (imported?.name ?? name ?? ''))
  if (
    library === undefined ||
    !(isRouter || (root.type === 'NewExpression' && isRouter) || (library !== 'Hono' && name !== undefined && /^[A-Z]/.test(name)))
  )
    return undefined
  const options = bare(parts(root, 'arguments')[0])
  const baseOption = parts(options, 'properties').find((each) => ['base', 'prefix'].includes(memberName(each) ?? ''))
  return { library, base: joinPaths(literal(bare(part(baseOption, 'value'))) ?? '', base) }
}
/** The start of `new Hono().basePath('/v1').get(…)` and the base paths on the way. */
function chain(value: SyntaxNode | undefined): { readonly root: SyntaxNode | undefined; readonly base: string } {
  let here = bare(value)
  let base = ''
  for (let steps = 0; steps < 2000; steps++) {
    const callee = isCall(here) ? calleeOf(here) : undefined
    if (!isMember(callee)) return { root: here, base }
    if (memberName(callee) === 'basePath') base = joinPaths(literal(bare(parts(here, 'arguments')[0])) ?? '', base)
    here = bare(part(callee, 'object'))
  }
  return { root: here, base }
}
function chainRoot(
  object: SyntaxNode | undefined,
  names: Names,
): { readonly name: string | undefined; readonly library: string | undefined; readonly base: string } {
  const { root, base } = chain(object)
  const made = root === undefined ? undefined : madeRouter(root, names)
  if (made === undefined) return { name: dotted(root), library: undefined, base }
  // const app = new Hono().get(…): routes of the chain belong to the variable it is given to.
  for (const [name, values] of names.values) if (values.some((value) => chain(value).root === root)) return { name, library: made.library, base }
  return { name: undefined, library: made.library, base: joinPaths(made.base, base) }
}
function functionAround(tree: Tree, node: SyntaxNode): string | undefined {
  for (const up of tree.ancestorsOf(node)) {
    if (!isFunction(up)) continue
    const parent = tree.parentOf(up)
    return identifier(part(up, 'id')) ?? (parent?.type === 'VariableDeclarator' ? identifier(part(parent, 'id')) : undefined)
  }
  return undefined
}
const pathOf = (node: SyntaxNode | undefined): string | undefined => {
  const here = bare(node)
  return literalPattern(here) ?? (here?.type === 'RegExpLiteral' ? `/${String(here['pattern'])}/` : undefined)
}
const list = (node: SyntaxNode | undefined): readonly string[] => {
  const here = bare(node)
  return (here?.type === 'ArrayExpression' ? parts(here, 'elements') : [here]).flatMap((each) => literalPattern(bare(each)) ?? [])
}
const handlerLike = (node: SyntaxNode | undefined) => {
  const here = bare(node)
  return isFunction(here) || identifier(here) !== undefined || isMember(here) || isCall(here)
}
/** `createRoute({ method: 'get', path: '/x' })`, in place or by name. */
function openApiRoute(node: SyntaxNode | undefined, names: Names): { readonly method: string | undefined; readonly path: string } | undefined {
  const here = bare(node)
  const candidates = [here, ...(names.values.get(identifier(here) ?? '') ?? [])]
  for (const each of candidates) {
    const options = bare(isCall(each) ? parts(each, 'arguments')[0] : each)
    const read = (key: string) =>
      literal(
        bare(
          part(
            parts(options, 'properties').find((property) => memberName(property) === key),
            'value',
          ),
        ),
      )
    const path = read('path')
    if (path !== undefined) return { method: read('method')?.toUpperCase(), path }
  }
  return undefined
}
export function joinPaths(base: string, path: string): string {
  if (base === '' || base === '/') return path
  if (path === '' || path === '/') return base
  return `${base.replace(/\/$/, '')}/${path.replace(/^\//, '')}`
}
