/** A node of the syntax tree, as far as this layer looks: its type, its line and named parts. Only this file and `parse-source.ts` know the parser. */
export interface SyntaxNode {
  readonly type: string
  readonly start?: number | null
  readonly loc?: { readonly start: { readonly line: number } } | null
  readonly [part: string]: unknown
}
const isNode = (value: unknown): value is SyntaxNode => typeof value === 'object' && value !== null && typeof (value as SyntaxNode).type === 'string'

export const part = (node: SyntaxNode | undefined, name: string): SyntaxNode | undefined => {
  const value = node?.[name]
  return isNode(value) ? value : undefined
}
export const parts = (node: SyntaxNode | undefined, name: string): readonly (SyntaxNode | undefined)[] => {
  const value = node?.[name]
  return Array.isArray(value) ? value.map((each: unknown) => (isNode(each) ? each : undefined)) : []
}
export const lineOf = (node: SyntaxNode | undefined): number => node?.loc?.start.line ?? 1
export const isCall = (node: SyntaxNode | undefined): node is SyntaxNode & { readonly type: 'CallExpression' | 'OptionalCallExpression' } =>
  node?.type === 'CallExpression' || node?.type === 'OptionalCallExpression'
export const isMember = (node: SyntaxNode | undefined): node is SyntaxNode & { readonly type: 'MemberExpression' | 'OptionalMemberExpression' } =>
  node?.type === 'MemberExpression' || node?.type === 'OptionalMemberExpression'
const functions = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ObjectMethod',
  'ClassMethod',
  'ClassPrivateMethod',
])
export const isFunction = (node: SyntaxNode | undefined): node is SyntaxNode & { readonly type: `${string}Function${string}` | `${string}Method` } =>
  node !== undefined && functions.has(node.type)

const wrappers = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
  'ParenthesizedExpression',
  'AwaitExpression',
  'TSInstantiationExpression',
  'ChainExpression',
])
/** Without casts, parentheses and `await`. */
export function bare(node: SyntaxNode | undefined): SyntaxNode | undefined {
  let here = node
  while (here !== undefined && wrappers.has(here.type)) here = part(here, here.type === 'AwaitExpression' ? 'argument' : 'expression')
  return here
}
export const identifier = (node: SyntaxNode | undefined): string | undefined =>
  node?.type === 'Identifier' && typeof node['name'] === 'string' ? node['name'] : undefined

/** The text of a literal, or of a template without expressions. */
export function literal(node: SyntaxNode | undefined): string | undefined {
  if (node?.type === 'StringLiteral' && typeof node['value'] === 'string') return node['value']
  if (node?.type !== 'TemplateLiteral' || parts(node, 'expressions').length > 0) return undefined
  const cooked = parts(node, 'quasis')[0]?.['value'] as { readonly cooked?: string } | undefined
  return cooked?.cooked
}
/** A template's text with `{…}` for its expressions. */
export function literalPattern(node: SyntaxNode | undefined): string | undefined {
  if (node?.type !== 'TemplateLiteral') return literal(node)
  return parts(node, 'quasis')
    .map((quasi) => (quasi?.['value'] as { readonly cooked?: string } | undefined)?.cooked ?? '')
    .join('{…}')
}
/** The name of a member, of a property or of a method: `b` of `a.b`, `a['b']`, `{ b: 1 }`, `b() {}`. */
export function memberName(node: SyntaxNode | undefined): string | undefined {
  const key = part(node, isMember(node) ? 'property' : 'key')
  if (node?.['computed'] === true) return literal(key)
  if (key?.type === 'PrivateName') return identifier(part(key, 'id'))
  return identifier(key) ?? literal(key)
}
/** `a.b.c` of a chain of members; casts inside are looked through. */
export function dotted(node: SyntaxNode | undefined): string | undefined {
  const here = bare(node)
  if (here?.type === 'ThisExpression') return 'this'
  if (!isMember(here)) return identifier(here)
  const object = dotted(part(here, 'object'))
  const name = memberName(here)
  return object === undefined || name === undefined ? undefined : `${object}.${name}`
}
/** What a call calls: `fetch`, `app.get`, `this.env.KV.get`. */
export const calleeOf = (node: SyntaxNode | undefined): SyntaxNode | undefined => bare(part(node, 'callee'))

export interface Tree {
  /** All nodes, outer before inner, in the order of the source. */
  readonly nodes: readonly SyntaxNode[]
  parentOf(node: SyntaxNode): SyntaxNode | undefined
  ancestorsOf(node: SyntaxNode): Generator<SyntaxNode>
}
const skipped = new Set(['loc', 'extra', 'leadingComments', 'trailingComments', 'innerComments', 'errors', 'comments', 'tokens'])

/** Lists a tree without recursion: a file from strangers may nest as deep as it likes. */
export function listTree(root: SyntaxNode): Tree {
  const parents = new Map<SyntaxNode, SyntaxNode>()
  const nodes: SyntaxNode[] = []
  const open: SyntaxNode[] = [root]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    nodes.push(node)
    const inner: SyntaxNode[] = []
    for (const [name, value] of Object.entries(node)) {
      if (skipped.has(name)) continue
      for (const each of Array.isArray(value) ? (value as readonly unknown[]) : [value]) if (isNode(each)) inner.push(each)
    }
    for (const each of inner.toReversed()) {
      if (parents.has(each)) continue
      parents.set(each, node)
      open.push(each)
    }
  }
  return {
    nodes,
    parentOf: (node) => parents.get(node),
    *ancestorsOf(node) {
      for (let up = parents.get(node); up !== undefined; up = parents.get(up)) yield up
    },
  }
}
