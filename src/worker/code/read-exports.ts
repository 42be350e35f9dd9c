import {
  bare,
  calleeOf,
  dotted,
  identifier,
  isCall,
  isFunction,
  lineOf,
  literal,
  memberName,
  part,
  parts,
  type SyntaxNode,
  type Tree,
} from './syntax.ts'
import { handlerNames, type ClassFact, type Handler, type ModuleFacts } from './module-facts.ts'
import type { Names } from './names.ts'

type ExportFacts = Pick<
  ModuleFacts,
  'exports' | 'starExports' | 'hasDefault' | 'handlers' | 'defaultKind' | 'defaultLocal' | 'hasServerPort' | 'listeners' | 'classes'
>
const isHandler = (name: string | undefined): name is string => name !== undefined && (handlerNames as readonly string[]).includes(name)

/** What a module offers: exports, the handlers of its default export, service-worker listeners, classes. */
export function readExports(tree: Tree, names: Names): ExportFacts {
  const exports: Record<string, { local?: string; from?: string; name?: string; line: number }> = {}
  const starExports: string[] = []
  const listeners: Handler[] = []
  const classes = new Map<string, ClassFact>()
  let byDefault: SyntaxNode | undefined
  for (const node of tree.nodes) {
    if (node.type === 'ExportDefaultDeclaration') {
      byDefault = part(node, 'declaration')
      const local = identifier(byDefault) ?? identifier(part(byDefault, 'id'))
      exports['default'] = { line: lineOf(node), ...(local === undefined ? {} : { local }) }
    } else if (node.type === 'ExportAllDeclaration') starExports.push(literal(part(node, 'source')) ?? '')
    else if (node.type === 'ExportNamedDeclaration') {
      const from = literal(part(node, 'source'))
      for (const specifier of parts(node, 'specifiers')) {
        const local = identifier(part(specifier, 'local')) ?? literal(part(specifier, 'local'))
        const name = identifier(part(specifier, 'exported')) ?? literal(part(specifier, 'exported'))
        if (local === undefined || name === undefined) continue
        exports[name] = { line: lineOf(node), ...(from === undefined ? { local } : { from, name: local }) }
        if (name === 'default' && from === undefined) byDefault = part(specifier, 'local')
      }
      const declaration = part(node, 'declaration')
      const declared = identifier(part(declaration, 'id'))
      if (declared !== undefined) exports[declared] = { local: declared, line: lineOf(node) }
      for (const each of parts(declaration, 'declarations')) {
        const target = part(each, 'id')
        const found =
          identifier(target) === undefined ? parts(target, 'properties').map((property) => identifier(part(property, 'value'))) : [identifier(target)]
        for (const local of found) if (local !== undefined) exports[local] = { local, line: lineOf(node) }
      }
    } else if (node.type === 'AssignmentExpression') {
      const target = dotted(part(node, 'left'))
      if (target === 'module.exports' || target === 'exports.default') {
        byDefault = part(node, 'right')
        const local = identifier(bare(byDefault))
        exports['default'] = { line: lineOf(node), ...(local === undefined ? {} : { local }) }
      }
    } else if (isCall(node)) {
      const callee = dotted(calleeOf(node))
      const event = literal(parts(node, 'arguments')[0])
      const isGlobal = callee === 'addEventListener' || callee === 'self.addEventListener' || callee === 'globalThis.addEventListener'
      if (isGlobal && isHandler(event)) listeners.push({ name: event, line: lineOf(node) })
    } else if (node.type === 'ClassDeclaration' || node.type === 'ClassExpression') {
      const parent = tree.parentOf(node)
      const name = identifier(part(node, 'id')) ?? (parent?.type === 'VariableDeclarator' ? identifier(part(parent, 'id')) : undefined) ?? ''
      const superClass = bare(part(node, 'superClass'))
      const base = dotted(isCall(superClass) ? calleeOf(superClass) : superClass)
      const wrapped = isCall(superClass) ? dotted(bare(parts(superClass, 'arguments')[0])) : undefined
      const imported = base === undefined ? undefined : names.imported.get(base)?.name
      const kind = imported === undefined || imported === 'default' || imported === '*' ? base : imported
      classes.set(name, { name, line: lineOf(node), extends: wrapped ?? kind, methods: methodsOf(node) })
    }
  }
  const { handlers, kind } = handlersOf(byDefault, names, classes, 0)
  return {
    exports,
    starExports,
    hasDefault: exports['default'] !== undefined,
    handlers,
    defaultKind: kind,
    defaultLocal: exports['default']?.local,
    hasServerPort: objectOf(byDefault, names, 0)?.some((property) => ['port', 'hostname'].includes(memberName(property) ?? '')) ?? false,
    listeners,
    classes: [...classes.values()],
  }
}

const methodsOf = (node: SyntaxNode): readonly string[] =>
  parts(part(node, 'body'), 'body').flatMap((each) => {
    const isCallable = each?.type === 'ClassMethod' || (each?.type === 'ClassProperty' && isFunction(bare(part(each, 'value'))))
    return isCallable ? [memberName(each) ?? ''] : []
  })

type Found = { readonly handlers: readonly Handler[]; readonly kind: ModuleFacts['defaultKind'] }
function handlersOf(value: SyntaxNode | undefined, names: Names, classes: ReadonlyMap<string, ClassFact>, depth: number): Found {
  const node = bare(value)
  if (node === undefined || depth > 6) return { handlers: [], kind: 'unknown' }
  const properties = objectOf(node, names, depth)
  if (properties !== undefined) {
    const own = properties.flatMap((property) => {
      if (property.type === 'SpreadElement') return handlersOf(part(property, 'argument'), names, classes, depth + 1).handlers
      const name = memberName(property)
      return isHandler(name) ? [{ name, line: lineOf(property) }] : []
    })
    return { handlers: own, kind: 'object' }
  }
  if (node.type === 'ClassDeclaration' || node.type === 'ClassExpression') return classHandlers(node)
  if (isCall(node) || node.type === 'NewExpression') {
    // A wrapper such as withSentry(options, worker) or a factory: what it is given may be the worker itself.
    const given = parts(node, 'arguments').map((each) => handlersOf(each, names, classes, depth + 1))
    const inner = given.find((each) => each.handlers.length > 0)
    return inner === undefined ? { handlers: [{ name: 'fetch', line: lineOf(node) }], kind: 'call' } : inner
  }
  if (isFunction(node)) return { handlers: [], kind: 'function' }
  const name = identifier(node)
  if (name === undefined) return { handlers: [], kind: 'unknown' }
  const known = classes.get(name)
  if (known !== undefined) return { handlers: known.methods.filter(isHandler).map((method) => ({ name: method, line: known.line })), kind: 'class' }
  for (const init of names.values.get(name) ?? []) {
    const found = handlersOf(init, names, classes, depth + 1)
    if (found.handlers.length > 0) return found
  }
  return { handlers: [], kind: 'unknown' }
}
const classHandlers = (node: SyntaxNode): Found => ({
  handlers: methodsOf(node)
    .filter(isHandler)
    .map((name) => ({ name, line: lineOf(node) })),
  kind: 'class',
})
function objectOf(value: SyntaxNode | undefined, names: Names, depth: number): readonly SyntaxNode[] | undefined {
  const node = bare(value)
  if (node?.type === 'ObjectExpression') return parts(node, 'properties').filter((each) => each !== undefined)
  const name = identifier(node)
  if (name === undefined || depth > 6) return undefined
  for (const init of names.values.get(name) ?? []) {
    const found = init === node ? undefined : objectOf(init, names, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}
