import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node, type ParsedNode } from 'yaml'
import { fault } from '../model/fault/fault.ts'
import { maxDepth, maxTomlBytes, type Located, type TomlTable, type TomlValue } from './toml-document.ts'

const maxNodes = 100_000

/**
 * Reads the YAML or JSON form of a fly.toml into the tree that TOML gives, lines and ranges included (ADR 0024).
 * Empty values (`null`) are absent, as for flyctl. Fault config_invalid.
 */
export function readYamlDocument(file: string, text: string, format: 'yaml' | 'json'): TomlTable {
  const refuse = (line: number | undefined, key: string, problem: string, cause?: unknown) =>
    fault('config_invalid', { file, line, key, problem }, cause)
  if (Buffer.byteLength(text) > maxTomlBytes) throw refuse(undefined, 'file', `larger than ${maxTomlBytes / 1024} KiB`)
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text
  if (format === 'json') checkJson(source, refuse)
  const lines = new LineCounter()
  const document = parse(source, lines, refuse)
  const [first] = document.errors
  if (first !== undefined) throw refuse(lines.linePos(first.pos[0]).line, 'syntax', plain(first.message), first)
  const root = buildValue(document.contents, { document, lines, refuse, budget: { nodes: maxNodes } }, 0)
  if (root === undefined) return { kind: 'table', entries: new Map(), line: 1, range: [0, source.length] }
  if (root.kind !== 'table') throw refuse(root.line, 'file', 'is no table of keys')
  return root
}

type Refuse = (line: number | undefined, key: string, problem: string, cause?: unknown) => Error
interface Reading {
  readonly document: Document.Parsed
  readonly lines: LineCounter
  readonly refuse: Refuse
  readonly budget: { nodes: number }
}

/** YAML takes more than JSON: a file that calls itself .json is held to its word. */
function checkJson(source: string, refuse: Refuse): void {
  try {
    JSON.parse(source)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const position = /position (\d+)/.exec(reason)?.[1]
    const line = position === undefined ? undefined : source.slice(0, Number(position)).split('\n').length
    throw refuse(line, 'syntax', reason.split('\n')[0] ?? 'is no JSON', error)
  }
}

function parse(source: string, lines: LineCounter, refuse: Refuse): Document.Parsed {
  try {
    return parseDocument(source, { lineCounter: lines, version: '1.2', schema: 'core', uniqueKeys: true, prettyErrors: false, logLevel: 'silent' })
  } catch (error) {
    // The parser recurses: a file of nothing but brackets ends its stack.
    throw refuse(undefined, 'syntax', error instanceof RangeError ? `nested deeper than ${maxDepth}` : plain(String(error)), error)
  }
}

/** Anchors are followed, so that what is written once counts once; a budget of nodes bounds what they can blow up to. */
function buildValue(node: ParsedNode | Node | null | undefined, reading: Reading, depth: number): TomlValue | undefined {
  if (node === null || node === undefined) return undefined
  const at = placeOf(node, reading.lines)
  if (depth > maxDepth) throw reading.refuse(at.line, 'syntax', `nested deeper than ${maxDepth}`)
  if (reading.budget.nodes-- <= 0) throw reading.refuse(at.line, 'syntax', `more than ${maxNodes} values`)
  if (isAlias(node)) return buildValue(node.resolve(reading.document), reading, depth + 1)
  if (isMap(node)) {
    const entries = new Map<string, TomlValue>()
    for (const { key, value } of node.items) {
      if (!isScalar(key)) throw reading.refuse(at.line, 'syntax', 'a key that is no text')
      const name = String(key.value)
      const built = buildValue(value as Node | null, reading, depth + 1)
      if (built !== undefined) entries.set(name, { ...built, line: placeOf(key, reading.lines).line })
    }
    return { kind: 'table', entries, ...at }
  }
  if (isSeq(node)) return { kind: 'array', items: node.items.flatMap((item) => buildValue(item as Node, reading, depth + 1) ?? []), ...at }
  return isScalar(node) ? scalarOf(node.value, at, reading.refuse) : undefined
}

function scalarOf(value: unknown, at: Located, refuse: Refuse): TomlValue | undefined {
  if (typeof value === 'string') return { kind: 'string', value, ...at }
  if (typeof value === 'boolean') return { kind: 'boolean', value, ...at }
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))) {
    if (!Number.isSafeInteger(Number(value))) throw refuse(at.line, String(value), 'an integer beyond 2^53')
    return { kind: 'integer', value: Number(value), ...at }
  }
  return typeof value === 'number' ? { kind: 'float', value, ...at } : undefined
}

function placeOf(node: { readonly range?: readonly [number, number, number] | null | undefined }, lines: LineCounter): Located {
  const [start, end] = node.range ?? [0, 0]
  return { line: Math.max(1, lines.linePos(start).line), range: [start, end] }
}

const plain = (message: string) => message.charAt(0).toLowerCase() + message.slice(1)
