import { ParseError, parseTOML, type AST } from 'toml-eslint-parser'
import { fault } from '../model/fault/fault.ts'

/** Where a value stands: `line` counts from 1, `range` are offsets into the text, for errors and for edits in place. */
export interface Located {
  readonly line: number
  readonly range: readonly [number, number]
}
export interface TomlTable extends Located {
  readonly kind: 'table'
  readonly entries: Map<string, TomlValue>
}
export interface TomlArray extends Located {
  readonly kind: 'array'
  readonly items: TomlValue[]
}
export type TomlScalar = Located &
  (
    | { readonly kind: 'string'; readonly value: string }
    | { readonly kind: 'integer'; readonly value: number }
    | { readonly kind: 'float'; readonly value: number }
    | { readonly kind: 'boolean'; readonly value: boolean }
    | { readonly kind: 'datetime'; readonly value: string }
  )
export type TomlValue = TomlScalar | TomlArray | TomlTable

export const maxTomlBytes = 256 * 1024
export const maxDepth = 32

/** Reads TOML 1.0 into a tree that knows where each value stands. Fault config_invalid (ADR 0014). */
export function readTomlDocument(file: string, text: string): TomlTable {
  const refuse = (line: number | undefined, key: string, problem: string, cause?: unknown) =>
    fault('config_invalid', { file, line, key, problem }, cause)
  if (Buffer.byteLength(text) > maxTomlBytes) throw refuse(undefined, 'file', `larger than ${maxTomlBytes / 1024} KiB`)
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text
  try {
    return buildDocument(parseTOML(source, { tomlVersion: '1.0.0' }), refuse)
  } catch (error) {
    if (error instanceof ParseError) throw refuse(error.lineNumber, 'syntax', `${lowerFirst(error.message)} (column ${error.column + 1})`, error)
    throw error
  }
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1)
const place = (node: AST.TOMLNode): Located => ({ line: node.loc.start.line, range: node.range })
const keyText = (key: AST.TOMLBare | AST.TOMLQuoted): string => (key.type === 'TOMLBare' ? key.name : key.value)
type Refuse = (line: number, key: string, problem: string) => Error

/** From syntax tree to values; the parser has already refused duplicate keys and tables. */
function buildDocument(program: AST.TOMLProgram, refuse: Refuse): TomlTable {
  const root: TomlTable = { kind: 'table', entries: new Map(), ...place(program) }
  for (const item of program.body[0].body) {
    if (item.type === 'TOMLKeyValue') assign(root, item, 0, refuse)
    else {
      const table = openTable(root, item, refuse)
      for (const pair of item.body) assign(table, pair, item.resolvedKey.length, refuse)
    }
  }
  return root
}

/** The table that a header such as `[a.b]` or `[[a.b]]` opens. */
function openTable(root: TomlTable, header: AST.TOMLTable, refuse: Refuse): TomlTable {
  if (header.resolvedKey.length > maxDepth) throw tooDeep(header, refuse)
  let here: TomlValue = root
  for (const [index, step] of header.resolvedKey.entries()) {
    const isArrayNext: boolean = typeof header.resolvedKey[index + 1] === 'number'
    const fresh: TomlValue = isArrayNext ? { kind: 'array', items: [], ...place(header) } : { kind: 'table', entries: new Map(), ...place(header) }
    if (typeof step === 'number') {
      if (here.kind !== 'array') throw conflict(header.key, refuse)
      here.items[step] ??= fresh
      here = here.items[step]
    } else {
      if (here.kind !== 'table') throw conflict(header.key, refuse)
      const next: TomlValue = here.entries.get(step) ?? fresh
      here.entries.set(step, next)
      here = next
    }
  }
  if (here.kind !== 'table') throw conflict(header.key, refuse)
  return here
}

function assign(table: TomlTable, pair: AST.TOMLKeyValue, depth: number, refuse: Refuse): void {
  let here = table
  const path = pair.key.keys.map(keyText)
  const last = path.pop() ?? ''
  if (depth + path.length > maxDepth) throw tooDeep(pair, refuse)
  for (const step of path) {
    const next = here.entries.get(step) ?? { kind: 'table', entries: new Map(), ...place(pair) }
    if (next.kind !== 'table') throw conflict(pair.key, refuse)
    here.entries.set(step, next)
    here = next
  }
  here.entries.set(last, valueOf(pair.value, place(pair), depth + path.length + 1, refuse))
}

function valueOf(node: AST.TOMLContentNode, at: Located, depth: number, refuse: Refuse): TomlValue {
  if (depth > maxDepth) throw tooDeep(node, refuse)
  if (node.type === 'TOMLArray') {
    return { kind: 'array', items: node.elements.map((element) => valueOf(element, place(element), depth + 1, refuse)), ...at }
  }
  if (node.type === 'TOMLInlineTable') {
    const table: TomlTable = { kind: 'table', entries: new Map(), ...at }
    for (const pair of node.body) assign(table, pair, depth, refuse)
    return table
  }
  if (node.kind === 'string') return { kind: 'string', value: node.value, ...at }
  if (node.kind === 'boolean') return { kind: 'boolean', value: node.value, ...at }
  if (node.kind === 'float') return { kind: 'float', value: node.value, ...at }
  if (node.kind === 'integer') {
    const value = Number(node.bigint)
    if (!Number.isSafeInteger(value)) throw refuse(at.line, node.number, 'an integer beyond 2^53')
    return { kind: 'integer', value, ...at }
  }
  return { kind: 'datetime', value: node.datetime, ...at }
}

const conflict = (key: AST.TOMLKey, refuse: Refuse) =>
  refuse(key.loc.start.line, key.keys.map(keyText).join('.'), 'is defined twice, with different types')
const tooDeep = (at: AST.TOMLNode, refuse: Refuse) => refuse(at.loc.start.line, 'syntax', `nested deeper than ${maxDepth}`)

/** The plain JSON of a value, as it is kept with a release; dates become their text. */
export function toJson(value: TomlValue): unknown {
  if (value.kind === 'table') return Object.fromEntries([...value.entries].map(([key, item]) => [key, toJson(item)]))
  return value.kind === 'array' ? value.items.map(toJson) : value.value
}
