import type { FeatureId } from '../assess/features.ts'
import { bindingTypes } from '../config/binding-keys.ts'
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
  memberName,
  part,
  parts,
  type SyntaxNode,
  type Tree,
} from './syntax.ts'
import { handlerNames, type BindingUse, type ModuleFacts } from './module-facts.ts'
import { importedFrom, typeName, type Names } from './names.ts'

/** Methods that tell by their name what they are called on. */
const tellingMethods: Readonly<Record<string, FeatureId>> = {
  getWithMetadata: 'kv',
  prepare: 'd1',
  withSession: 'd1',
  createMultipartUpload: 'r2',
  head: 'r2',
  idFromName: 'durable-objects',
  idFromString: 'durable-objects',
  newUniqueId: 'durable-objects',
  getByName: 'durable-objects',
  sendBatch: 'queues',
  writeDataPoint: 'analytics-engine',
  limit: 'rate-limits',
  createBatch: 'workflows',
}
/** Methods of any binding: what has them is no plain text. */
const bindingMethods = new Set([
  'get',
  'put',
  'delete',
  'list',
  'fetch',
  'send',
  'run',
  'query',
  'upsert',
  'insert',
  'create',
  'batch',
  'exec',
  'input',
])
const processEnv = ['process', 'env'].join('.')
const notBindings = new Set([
  'then',
  'toJSON',
  'hasOwnProperty',
  'toString',
  'constructor',
  'NODE_ENV',
  'CF_PAGES',
  'DEV',
  'PROD',
  'MODE',
  'SSR',
  'BASE_URL',
])

type BindingFacts = Pick<ModuleFacts, 'bindings' | 'dynamicEnv' | 'envHandedTo' | 'typedBindings' | 'typedCalls'>

/** Everything read from `env`, however it is reached: a parameter, this.env, c.env, an import, a pattern. */
export function readBindings(tree: Tree, names: Names): BindingFacts {
  const bindings: BindingUse[] = []
  const dynamicEnv: number[] = []
  const handed = new Set<string>()
  const typedCalls: { type: string; method: string; line: number; expires: boolean }[] = []
  const typedBindings: Record<string, { feature: FeatureId; line: number }> = {}
  const env = envNames(tree, names)
  const isEnv = (value: SyntaxNode | undefined): boolean => {
    const node = bare(value)
    if (node === undefined) return false
    const name = identifier(node)
    if (name !== undefined) return env.has(name)
    if (isMember(node)) {
      const object = dotted(part(node, 'object'))
      if (['process', 'import.meta', 'Deno', 'Bun'].includes(object ?? '') || part(node, 'object')?.type === 'MetaProperty') return false
      return memberName(node) === 'env' || (object === undefined ? false : env.has(dotted(node) ?? ''))
    }
    if (isCall(node)) return identifier(calleeOf(node)) === 'env' && importedFrom(names, calleeOf(node))?.startsWith('hono') === true
    return node.type === 'LogicalExpression' && (isEnv(part(node, 'left')) || isEnv(part(node, 'right')))
  }
  const record = (name: string, at: SyntaxNode) => {
    if (notBindings.has(name) || !/^[A-Za-z_$]/.test(name)) return
    const method = methodOn(tree, at)
    const feature = method === undefined ? undefined : tellingMethods[method]
    bindings.push({ name, line: lineOf(at), feature, method, isHint: false, ...(method === 'put' ? { expires: expiresAt(tree, at) } : {}) })
  }
  /** In service-worker format bindings are globals: `LINKS.put(…)`, `API_KEY`. */
  const isScript = !tree.nodes.some((node) => node.type === 'ExportDefaultDeclaration')
  const recordGlobal = (node: SyntaxNode, parent: SyntaxNode | undefined) => {
    const name = identifier(node) ?? ''
    if (
      !/^[A-Z][A-Z0-9_]{2,}$/.test(name) ||
      names.declared.has(name) ||
      names.imported.has(name) ||
      ['JSON', 'URL', 'NaN', '__STATIC_CONTENT'].includes(name)
    )
      return
    if (
      parent === undefined ||
      parent.type.startsWith('TS') ||
      parent.type.startsWith('JSX') ||
      (isMember(parent) && part(parent, 'property') === node) ||
      part(parent, 'key') === node
    )
      return
    const method = methodOn(tree, node)
    const isKv = method !== undefined && ['get', 'put', 'list', 'delete', 'getWithMetadata'].includes(method)
    const feature = method === undefined ? undefined : (tellingMethods[method] ?? (isKv ? 'kv' : undefined))
    bindings.push({ name, line: lineOf(node), feature, method, isHint: false, ...(method === 'put' ? { expires: expiresAt(tree, node) } : {}) })
  }
  /** `const kv = env.KV`: uses of kv are uses of KV. */
  const aliases = new Map<string, string>()
  for (const [name, values] of names.values) {
    for (const value of values) if (isMember(value) && isEnv(part(value, 'object'))) aliases.set(name, memberName(value) ?? '')
  }
  for (const [name, picks] of names.picked) for (const pick of picks) if (isEnv(pick.from)) aliases.set(name, pick.key)

  for (const node of tree.nodes) {
    if (isMember(node)) {
      const object = part(node, 'object')
      const name = memberName(node)
      if (isEnv(object)) {
        if (name !== undefined) record(name, node)
        else if (node['computed'] === true) dynamicEnv.push(lineOf(node))
      } else if (name !== undefined && dotted(object) === processEnv)
        bindings.push({ name, line: lineOf(node), feature: 'vars', method: undefined, isHint: true })
      else if (name !== undefined && /^[A-Z][A-Z0-9_]+$/.test(name))
        bindings.push({ name, line: lineOf(node), feature: undefined, method: methodOn(tree, node), isHint: true })
      const alias = aliases.get(dotted(node) ?? '')
      if (alias !== undefined && tree.parentOf(node)?.type !== 'AssignmentExpression') record(alias, node)
    } else if (node.type === 'Identifier') {
      const alias = aliases.get(identifier(node) ?? '')
      const parent = tree.parentOf(node)
      if (alias !== undefined && isMember(parent) && part(parent, 'object') === node) record(alias, node)
      if (isScript) recordGlobal(node, parent)
    } else if (node.type === 'ObjectPattern') {
      const owner = tree.parentOf(node)
      const isPicked =
        (owner?.type === 'VariableDeclarator' && isEnv(part(owner, 'init'))) ||
        (isFunction(owner) && isEnvParameter(tree, owner, node)) ||
        // { env: { KV } } = context, as in Pages functions.
        (owner?.type === 'ObjectProperty' && memberName(owner) === 'env')
      if (isPicked)
        for (const property of parts(node, 'properties')) if (memberName(property) !== undefined) record(memberName(property) ?? '', property ?? node)
    } else if (isCall(node)) {
      const target = part(calleeOf(node), 'object')
      const type = names.typed.get(dotted(target)?.split('.').at(-1) ?? '')
      const method = memberName(calleeOf(node))
      if (type !== undefined && Object.hasOwn(bindingTypes, type) && method !== undefined)
        typedCalls.push({ type, method, line: lineOf(node), expires: hasExpiration(node) })
      const from = importedFrom(names, calleeOf(node))
      if (from !== undefined && !from.startsWith('.') && parts(node, 'arguments').some(isEnv)) handed.add(from)
      if (
        from !== undefined &&
        !from.startsWith('.') &&
        parts(node, 'arguments').some((each) => each?.type === 'ObjectExpression' && parts(each, 'properties').some((p) => isEnv(part(p, 'value'))))
      )
        handed.add(from)
    } else if (node.type === 'StringLiteral') {
      const text = literal(node) ?? ''
      if (/^[A-Z][A-Z0-9_]+$/.test(text) && text.length < 64)
        bindings.push({ name: text, line: lineOf(node), feature: undefined, method: undefined, isHint: true })
    } else if (node.type === 'TSPropertySignature') {
      const type = part(part(node, 'typeAnnotation'), 'typeAnnotation')
      const members = type?.type === 'TSUnionType' ? parts(type, 'types') : [type]
      const feature = members.map((each) => bindingTypes[typeName(each) ?? '']).find((each) => each !== undefined)
      const name = memberName(node)
      if (feature !== undefined && name !== undefined) typedBindings[name] = { feature, line: lineOf(node) }
    }
  }
  return { bindings, dynamicEnv, envHandedTo: [...handed], typedBindings, typedCalls }
}

/** The method called on an expression: `put` of `env.KV.put(…)`. */
function methodOn(tree: Tree, node: SyntaxNode): string | undefined {
  let here = node
  let parent = tree.parentOf(here)
  while (
    parent !== undefined &&
    ['TSNonNullExpression', 'TSAsExpression', 'ParenthesizedExpression', 'TSSatisfiesExpression'].includes(parent.type)
  ) {
    here = parent
    parent = tree.parentOf(here)
  }
  if (!isMember(parent) || part(parent, 'object') !== here) return undefined
  const call = tree.parentOf(parent)
  const name = memberName(parent)
  return isCall(call) && part(call, 'callee') === parent && name !== undefined ? name : undefined
}
/** Whether a `put` on the node names when its entry ends. */
function expiresAt(tree: Tree, node: SyntaxNode): boolean {
  for (const up of tree.ancestorsOf(node)) if (isCall(up)) return hasExpiration(up)
  return false
}
const hasExpiration = (call: SyntaxNode): boolean =>
  parts(bare(parts(call, 'arguments')[2]), 'properties').some((property) => ['expirationTtl', 'expiration'].includes(memberName(property) ?? ''))
export const saysBinding = (method: string | undefined): boolean => method !== undefined && (bindingMethods.has(method) || method in tellingMethods)

const envTypes = /(^|\.)(\w*Env|\w*Bindings|CloudflareEnv|\w*Environment)$/
/** Names that hold the environment: the second parameter of handlers, whatever it is called; parameters typed so; `env`. */
function envNames(tree: Tree, names: Names): ReadonlySet<string> {
  const found = new Set<string>()
  const importedEnv = names.imported.get('env')
  if (importedEnv === undefined || importedEnv.from === 'cloudflare:workers') found.add('env')
  for (const [local, { from, name }] of names.imported) if (from === 'cloudflare:workers' && name === 'env') found.add(local)
  for (const [name, type] of names.typed) if (envTypes.test(type)) found.add(name)
  for (const [name, picks] of names.picked) if (picks.some((pick) => pick.key === 'env' && dotted(pick.from) !== 'process')) found.add(name)
  for (const node of tree.nodes) {
    if (!isFunction(node)) continue
    const name = identifier(envParameterOf(tree, node))
    if (name !== undefined) found.add(name)
  }
  // const e = env, this.environment = env
  for (let round = 0; round < 2; round++)
    for (const [name, values] of names.values) {
      const isCopy = values.some(
        (value) =>
          found.has(identifier(value) ?? ' ') ||
          (isMember(value) && memberName(value) === 'env' && !['process', 'Deno', 'Bun'].includes(dotted(part(value, 'object')) ?? 'Bun')),
      )
      if (isCopy && name !== processEnv) found.add(name)
    }
  return found
}
/** The second parameter of `fetch(request, env, ctx)` and its kin, of a Durable Object's constructor too. */
function envParameterOf(tree: Tree, node: SyntaxNode): SyntaxNode | undefined {
  const parent = tree.parentOf(node)
  const own = memberName(node)
  const name =
    own ?? (parent?.type === 'ObjectProperty' || parent?.type === 'ClassProperty' ? memberName(parent) : undefined) ?? identifier(part(node, 'id'))
  const isHandler = name !== undefined && (handlerNames as readonly string[]).includes(name) && name !== 'alarm'
  const isConstructor = node['kind'] === 'constructor'
  const second = parts(node, 'params')[1]
  if (!isHandler && !isConstructor) return undefined
  return second?.type === 'TSParameterProperty' ? part(second, 'parameter') : second
}
const isEnvParameter = (tree: Tree, owner: SyntaxNode, pattern: SyntaxNode): boolean => {
  const type = typeName(part(part(pattern, 'typeAnnotation'), 'typeAnnotation'))
  return envParameterOf(tree, owner) === pattern || (type !== undefined && envTypes.test(type))
}
