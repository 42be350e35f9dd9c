import {
  bare,
  calleeOf,
  dotted,
  identifier,
  isCall,
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
import type { GuardRoute } from './module-facts.ts'
import { standsFor, type Names } from './names.ts'

/** Routes told by comparing the path: ===, switch, startsWith, regular expressions, URLPattern, tables of handlers. */
export function readGuards(tree: Tree, names: Names): readonly GuardRoute[] {
  const routes: GuardRoute[] = []
  const isPath = (node: SyntaxNode | undefined) => standsFor(names, node, (each) => looksLikePath(each, names))
  const isSegment = (node: SyntaxNode | undefined) => standsFor(names, node, (each) => looksLikeSegment(each, isPath, names))
  const isUrl = (node: SyntaxNode | undefined) => /(^|\.)(request|req|r)\.url$/.test(dotted(node) ?? '')
  const add = (style: GuardRoute['style'], path: string | undefined, at: SyntaxNode, method?: string) => {
    if (path !== undefined && path.length <= 300)
      routes.push({ kind: 'guard', style, path, line: lineOf(at), method: method ?? methodAround(tree, at, names) })
  }
  for (const node of tree.nodes) {
    if (node.type === 'BinaryExpression' && ['===', '=='].includes(String(node['operator']))) {
      const sides = [part(node, 'left'), part(node, 'right')] as const
      for (const [subject, value] of [sides, [sides[1], sides[0]] as const]) {
        const text = literalPattern(bare(value))
        if (text === undefined) continue
        if (isSegment(subject)) add('segment', `…/${text}`, node)
        else if (isPath(subject)) add('comparison', rooted(text), node)
        else if (isUrl(subject) && text.startsWith('/')) add('comparison', text, node)
      }
    } else if (node.type === 'SwitchStatement') {
      const subject = part(node, 'discriminant')
      const isTrue = bare(subject)?.type === 'BooleanLiteral'
      for (const each of parts(node, 'cases')) {
        const text = literal(part(each, 'test'))
        if (each === undefined || text === undefined || isTrue) continue
        if (isSegment(subject)) add('segment', `…/${text}`, each)
        else if (isPath(subject) || (isUrl(subject) && text.startsWith('/'))) add('switch', rooted(text), each)
        else {
          // switch (`${request.method} ${pathname}`) { case 'GET /x': }
          const both = /^([A-Z]+)[ :]?(\/.*)$/.exec(text)
          if (both !== null) add('switch', both[2], each, both[1])
        }
      }
    } else if (isCall(node)) readCall(node)
    else if (node.type === 'NewExpression' && identifier(part(node, 'callee')) === 'URLPattern' && !names.declared.has('URLPattern')) {
      const [first] = parts(node, 'arguments')
      const property = parts(bare(first), 'properties').find((each) => memberName(each) === 'pathname')
      add('URLPattern', literalPattern(bare(part(property, 'value'))) ?? literalPattern(bare(first)), node)
    } else if (isMember(node) && node['computed'] === true && literal(part(node, 'property')) === undefined) {
      if (!isPath(part(node, 'property'))) continue
      const table = identifier(part(node, 'object'))
      for (const value of table === undefined ? [] : (names.values.get(table) ?? []))
        for (const property of parts(value, 'properties')) {
          const key = memberName(property)
          if (key?.startsWith('/') === true && property !== undefined) add('table', key, property)
        }
    }
  }
  return unique(routes)

  function readCall(node: SyntaxNode): void {
    const callee = calleeOf(node)
    const [first] = parts(node, 'arguments')
    const argument = bare(first)
    const object = part(callee, 'object')
    const name = isMember(callee) ? memberName(callee) : undefined
    if (name === 'startsWith' && isPath(object)) add('prefix', suffixed(literalPattern(argument)), node)
    else if (name === 'startsWith' && isUrl(object) && literal(argument)?.startsWith('/') === true) add('prefix', suffixed(literal(argument)), node)
    else if (name === 'endsWith' && (isPath(object) || isUrl(object))) add('comparison', prefixed(literalPattern(argument)), node)
    else if (name === 'includes' && isPath(object)) add('comparison', spread(literal(argument)), node)
    else if (name === 'includes' && isPath(argument)) {
      const list = bare(object)
      const values = list?.type === 'ArrayExpression' ? [list] : (names.values.get(identifier(list) ?? '') ?? [])
      for (const each of values.flatMap((value) => parts(value, 'elements'))) add('comparison', literal(each), node)
    } else if ((name === 'test' || name === 'exec') && (isPath(argument) || isUrl(argument))) add('regex', regexOf(object, names), node)
    else if ((name === 'match' || name === 'matchAll') && (isPath(object) || isUrl(object))) add('regex', regexOf(argument, names), node)
  }
}

const rooted = (text: string) => (text.startsWith('/') ? text : `/${text}`)
const suffixed = (text: string | undefined) => (text === undefined ? undefined : `${rooted(text)}*`)
const prefixed = (text: string | undefined) => (text === undefined ? undefined : `*${text}`)
const spread = (text: string | undefined) => (text === undefined ? undefined : `*${text}*`)

const pathKeepers = new Set(['toLowerCase', 'replace', 'replaceAll', 'slice', 'substring', 'substr', 'trim', 'toString', 'normalize'])
/** `url.pathname`, `new URL(…).pathname.slice(1)`, `c.req.path`, `{ pathname } = …`. */
function looksLikePath(node: SyntaxNode, names: Names): boolean {
  const name = identifier(node)
  if (name !== undefined) return (names.picked.get(name) ?? []).some((pick) => pick.key === 'pathname') || name === 'pathname'
  if (isMember(node)) return memberName(node) === 'pathname' || /(^|\.)req(uest)?\.path$/.test(dotted(node) ?? '')
  if (!isCall(node))
    return (
      node.type === 'LogicalExpression' &&
      ['left', 'right'].some((side) => looksLikePath(bare(part(node, side)) ?? node, names) && part(node, side) !== undefined)
    )
  const callee = calleeOf(node)
  if (identifier(callee) === 'decodeURIComponent' || identifier(callee) === 'decodeURI')
    return standsFor(names, parts(node, 'arguments')[0], (each) => each !== node && looksLikePath(each, names))
  return (
    isMember(callee) &&
    pathKeepers.has(memberName(callee) ?? '') &&
    standsFor(names, part(callee, 'object'), (each) => each !== node && looksLikePath(each, names))
  )
}
/** One part of the path: `parts[0]` of `pathname.split('/')`. */
function looksLikeSegment(node: SyntaxNode, isPath: (node: SyntaxNode | undefined) => boolean, names: Names): boolean {
  if (!isMember(node) || node['computed'] !== true || part(node, 'property')?.type !== 'NumericLiteral') return false
  return standsFor(names, part(node, 'object'), (each) => isSplit(each, isPath))
}
function isSplit(node: SyntaxNode, isPath: (node: SyntaxNode | undefined) => boolean): boolean {
  let here: SyntaxNode | undefined = node
  for (let steps = 0; steps < 6 && isCall(here); steps++) {
    const callee = calleeOf(here)
    if (memberName(callee) === 'split' && isPath(part(callee, 'object'))) return true
    here = bare(part(callee, 'object'))
  }
  return false
}
function regexOf(node: SyntaxNode | undefined, names: Names): string | undefined {
  const here = bare(node)
  if (here?.type === 'RegExpLiteral') return `/${String(here['pattern'])}/`
  const name = identifier(here)
  for (const value of name === undefined ? [] : (names.values.get(name) ?? []))
    if (value.type === 'RegExpLiteral') return `/${String(value['pattern'])}/`
  return literal(here)
}

/** The request method that is asked for beside a path, or around it. */
function methodAround(tree: Tree, node: SyntaxNode, names: Names): string | undefined {
  for (const up of tree.ancestorsOf(node)) {
    if (up.type === 'LogicalExpression' && up['operator'] === '&&') {
      const method = methodIn(up, names)
      if (method !== undefined) return method
    } else if (up.type === 'SwitchCase') {
      const owner = tree.parentOf(up)
      if (isMethod(part(owner, 'discriminant'), names)) return literal(part(up, 'test'))
    } else if (up.type === 'IfStatement') {
      const method = methodIn(part(up, 'test'), names)
      if (method !== undefined && !isWithin(tree, node, part(up, 'alternate'))) return method
    } else if (up.type === 'FunctionDeclaration' || up.type === 'ObjectMethod' || up.type === 'ClassMethod') return undefined
  }
  return undefined
}
function isWithin(tree: Tree, node: SyntaxNode, outer: SyntaxNode | undefined): boolean {
  if (outer === undefined) return false
  for (const up of tree.ancestorsOf(node)) if (up === outer) return true
  return false
}
const isMethod = (node: SyntaxNode | undefined, names: Names) =>
  standsFor(
    names,
    node,
    (each) =>
      (isMember(each) && memberName(each) === 'method') ||
      (identifier(each) === 'method' && (names.picked.has('method') || names.values.has('method'))),
  )
function methodIn(test: SyntaxNode | undefined, names: Names): string | undefined {
  const open = [bare(test)]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.type === 'LogicalExpression' && node['operator'] === '&&') open.push(bare(part(node, 'left')), bare(part(node, 'right')))
    if (node.type !== 'BinaryExpression' || !['===', '=='].includes(String(node['operator']))) continue
    for (const [subject, value] of [
      ['left', 'right'],
      ['right', 'left'],
    ] as const) {
      const text = literal(bare(part(node, value)))
      if (text !== undefined && /^[A-Za-z]+$/.test(text) && isMethod(part(node, subject), names)) return text.toUpperCase()
    }
  }
  return undefined
}
const unique = (routes: readonly GuardRoute[]): readonly GuardRoute[] => [
  ...new Map(routes.map((route) => [`${route.line} ${route.method} ${route.path}`, route] as const)).values(),
]
