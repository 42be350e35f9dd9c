import {
  bare,
  dotted,
  identifier,
  isCall,
  isFunction,
  isMember,
  literal,
  lineOf,
  memberName,
  part,
  parts,
  type SyntaxNode,
  type Tree,
} from './syntax.ts'
import type { ModuleImport } from './module-facts.ts'

/** What a module's names stand for. Scopes are not told apart: a name declared in several functions stands for all of its values. */
export interface Names {
  readonly imports: readonly ModuleImport[]
  /** Local name → module and exported name. */
  readonly imported: ReadonlyMap<string, { readonly from: string; readonly name: string }>
  readonly values: ReadonlyMap<string, readonly SyntaxNode[]>
  /** Names bound by a pattern `{ a, b: c } = x`: local name → key and x. */
  readonly picked: ReadonlyMap<string, readonly { readonly key: string; readonly from: SyntaxNode }[]>
  /** Parameters and variables with a written type: name → the type's name. */
  readonly typed: ReadonlyMap<string, string>
  readonly declared: ReadonlySet<string>
}

export function readNames(tree: Tree): Names {
  const imports: ModuleImport[] = []
  const imported = new Map<string, { from: string; name: string }>()
  const values = new Map<string, SyntaxNode[]>()
  const picked = new Map<string, { key: string; from: SyntaxNode }[]>()
  const typed = new Map<string, string>()
  const declared = new Set<string>()
  const pick = (pattern: SyntaxNode, from: SyntaxNode) => {
    for (const property of parts(pattern, 'properties')) {
      const key = memberName(property)
      const local = localName(part(property, 'value'))
      if (key !== undefined && local !== undefined) picked.set(local, [...(picked.get(local) ?? []), { key, from }])
    }
  }
  const bind = (target: SyntaxNode | undefined, value: SyntaxNode | undefined) => {
    const name = identifier(target)
    if (name !== undefined && value !== undefined) values.set(name, [...(values.get(name) ?? []), value])
    if (target?.type === 'ObjectPattern' && value !== undefined) pick(target, value)
  }
  for (const node of tree.nodes) {
    switch (node.type) {
      case 'ImportDeclaration': {
        const from = literal(part(node, 'source')) ?? ''
        const names: Record<string, string> = {}
        for (const specifier of parts(node, 'specifiers')) {
          const local = identifier(part(specifier, 'local'))
          if (local === undefined) continue
          const name =
            specifier?.type === 'ImportDefaultSpecifier'
              ? 'default'
              : specifier?.type === 'ImportNamespaceSpecifier'
                ? '*'
                : (identifier(part(specifier, 'imported')) ?? literal(part(specifier, 'imported')) ?? local)
          names[local] = name
          imported.set(local, { from, name })
          declared.add(local)
        }
        const specifiers = parts(node, 'specifiers')
        const isTypeOnly = node['importKind'] === 'type' || (specifiers.length > 0 && specifiers.every((each) => each?.['importKind'] === 'type'))
        imports.push({ from, line: lineOf(node), names, isTypeOnly })
        break
      }
      case 'ExportNamedDeclaration':
      case 'ExportAllDeclaration': {
        const from = literal(part(node, 'source'))
        if (from !== undefined) imports.push({ from, line: lineOf(node), names: {}, isTypeOnly: node['exportKind'] === 'type' })
        break
      }
      case 'ImportExpression': {
        const from = literal(part(node, 'source'))
        if (from !== undefined) imports.push({ from, line: lineOf(node), names: {}, isTypeOnly: false })
        break
      }
      case 'CallExpression': {
        const callee = part(node, 'callee')
        const from = literal(parts(node, 'arguments')[0])
        if (from !== undefined && (callee?.type === 'Import' || identifier(callee) === 'require'))
          imports.push({ from, line: lineOf(node), names: {}, isTypeOnly: false })
        break
      }
      case 'VariableDeclarator': {
        const target = part(node, 'id')
        const init = bare(part(node, 'init'))
        bind(target, init)
        const required = isCall(init) && identifier(part(init, 'callee')) === 'require' ? literal(parts(init, 'arguments')[0]) : undefined
        const name = identifier(target)
        if (required !== undefined && name !== undefined) imported.set(name, { from: required, name: 'default' })
        break
      }
      case 'AssignmentExpression': {
        bind(part(node, 'left'), bare(part(node, 'right')))
        const member = dotted(part(node, 'left'))
        const right = bare(part(node, 'right'))
        if (member?.startsWith('this.') === true && right !== undefined) values.set(member, [...(values.get(member) ?? []), right])
        break
      }
      case 'ClassProperty': {
        const name = memberName(node)
        const value = bare(part(node, 'value'))
        if (name !== undefined && value !== undefined) values.set(`this.${name}`, [...(values.get(`this.${name}`) ?? []), value])
        break
      }
      default:
    }
    if (node.type === 'Identifier') {
      const type = typeName(part(part(node, 'typeAnnotation'), 'typeAnnotation'))
      const name = identifier(node)
      if (type !== undefined && name !== undefined) typed.set(name, type)
    }
    for (const name of declaredBy(node)) declared.add(name)
  }
  return { imports, imported, values, picked, typed, declared }
}

/** The name of a type reference: `KVNamespace`, `Cloudflare.Env`. */
export function typeName(type: SyntaxNode | undefined): string | undefined {
  if (type?.type !== 'TSTypeReference') return undefined
  const name = part(type, 'typeName')
  if (name?.type === 'TSQualifiedName') return `${identifier(part(name, 'left')) ?? ''}.${identifier(part(name, 'right')) ?? ''}`
  return identifier(name)
}

const localName = (target: SyntaxNode | undefined): string | undefined =>
  identifier(target) ?? (target?.type === 'AssignmentPattern' ? identifier(part(target, 'left')) : undefined)

function declaredBy(node: SyntaxNode): readonly string[] {
  if (node.type === 'VariableDeclarator') return patternNames(part(node, 'id'))
  if (node.type === 'CatchClause') return patternNames(part(node, 'param'))
  const own = ['FunctionDeclaration', 'FunctionExpression', 'ClassDeclaration', 'ClassExpression', 'TSEnumDeclaration'].includes(node.type)
  const names = own ? [identifier(part(node, 'id')) ?? ''] : []
  return isFunction(node) ? [...names, ...parts(node, 'params').flatMap(patternNames)] : names
}
function patternNames(pattern: SyntaxNode | undefined): readonly string[] {
  const names: string[] = []
  const open = [pattern]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const name = identifier(node)
    if (name !== undefined) names.push(name)
    if (node.type === 'ObjectPattern')
      for (const each of parts(node, 'properties')) open.push(each?.type === 'RestElement' ? each : part(each, 'value'))
    if (node.type === 'ArrayPattern') open.push(...parts(node, 'elements').filter((each) => each !== undefined))
    if (node.type === 'AssignmentPattern') open.push(part(node, 'left'))
    if (node.type === 'RestElement') open.push(part(node, 'argument'))
    if (node.type === 'TSParameterProperty') open.push(part(node, 'parameter'))
  }
  return names
}

/** Whether an expression, or what its name stands for, satisfies `is`; follows names a few steps. */
export function standsFor(names: Names, node: SyntaxNode | undefined, is: (node: SyntaxNode) => boolean, steps = 4): boolean {
  const here = bare(node)
  if (here === undefined) return false
  if (is(here)) return true
  if (steps === 0) return false
  const name = identifier(here) ?? (isMember(here) ? dotted(here) : undefined)
  if (name === undefined) return false
  return (names.values.get(name) ?? []).some((value) => standsFor(names, value, is, steps - 1))
}
/** The package or file a name was imported from. */
export const importedFrom = (names: Names, node: SyntaxNode | undefined): string | undefined => {
  const root = dotted(node)?.split('.')[0]
  return root === undefined ? undefined : names.imported.get(root)?.from
}
