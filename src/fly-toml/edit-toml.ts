import { parseTOML, type AST } from 'toml-eslint-parser'
import { isConfigTable, isTableList, printBasic, printKey, printValue, type ConfigValue } from './toml-values.ts'

/** From the top: keys, and numbers for the entries of lists. */
export type ConfigPath = readonly (string | number)[]

interface Pair {
  readonly path: ConfigPath
  readonly node: AST.TOMLKeyValue
  /** The table it stands in: a header's path, or an inline table's. */
  readonly prefix: ConfigPath
  readonly inline: AST.TOMLInlineTable | undefined
}
interface Header {
  readonly path: ConfigPath
  readonly node: AST.TOMLTable
}
interface Layout {
  readonly text: string
  readonly pairs: readonly Pair[]
  readonly headers: readonly Header[]
  /** Inline tables by path. */
  readonly inlines: readonly { readonly path: ConfigPath; readonly node: AST.TOMLInlineTable }[]
}

/** Gives a key a value; every other byte stays. A table sets its keys one by one and leaves others alone. `text` must be sound TOML. */
export function setInToml(text: string, path: ConfigPath, value: ConfigValue): string {
  const layout = layoutOf(text)
  const found = layout.pairs.find((pair) => isSame(pair.path, path))
  if (found !== undefined && !(isConfigTable(value) && found.node.value.type === 'TOMLInlineTable'))
    return splice(text, found.node.value.range, inStyleOf(text.slice(...found.node.value.range), value))
  const isInline = layout.inlines.some((table) => isPrefix(table.path, path))
  const isOccupied = layout.headers.some((header) => isPrefix(path, header.path)) || layout.pairs.some((pair) => isPrefix(path, pair.path))
  if (isOccupied && !isConfigTable(value)) return setInToml(removeFromToml(text, path), path, value)
  if (isConfigTable(value) && !isInline) {
    // A header of its own only where its keys would not make one, or none would follow.
    const opened = isOccupied && (hasOwn(layout, path) || Object.keys(value).length > 0) ? text : addHeader(layout, path)
    return Object.entries(value).reduce((edited, [key, item]) => setInToml(edited, [...path, key], item), opened)
  }
  if (isConfigTable(value) && layout.inlines.some((table) => isSame(table.path, path)))
    return Object.entries(value).reduce((edited, [key, item]) => setInToml(edited, [...path, key], item), text)
  if (isTableList(value) && !isInline) return value.reduce<string>((edited, item, index) => setInToml(edited, [...path, index], item), text)
  return addPair(layout, path, value)
}

/** Whoever writes double quotes gets double quotes. */
const inStyleOf = (old: string, value: ConfigValue) => (typeof value === 'string' && old.startsWith('"') ? printBasic(value) : printValue(value))

/** Takes a key, a table with all below it, or a list's entry away. Comments on other lines stay. */
export function removeFromToml(text: string, path: ConfigPath): string {
  const layout = layoutOf(text)
  const cuts: (readonly [number, number])[] = []
  for (const pair of layout.pairs) {
    const isInside = isPrefix(path, pair.path) && pair.path.length >= path.length
    if (!isInside || layout.headers.some((header) => isPrefix(path, header.path) && isPrefix(header.path, pair.prefix))) continue
    cuts.push(pair.inline === undefined ? wholeLines(text, pair.node.range) : withComma(text, pair.inline.body, pair.node))
  }
  for (const header of layout.headers) if (isPrefix(path, header.path)) cuts.push(sectionLines(text, header.node.range))
  // Inner cuts lie within outer ones: the widest at each place counts.
  const outer = cuts.filter(
    (cut) => !cuts.some((other) => other !== cut && other[0] <= cut[0] && other[1] >= cut[1] && other[1] - other[0] > cut[1] - cut[0]),
  )
  return outer.toSorted((a, b) => b[0] - a[0]).reduce((edited, cut) => splice(edited, cut, ''), text)
}

function layoutOf(text: string): Layout {
  const pairs: Pair[] = []
  const headers: Header[] = []
  const inlines: { readonly path: ConfigPath; readonly node: AST.TOMLInlineTable }[] = []
  const addAll = (prefix: ConfigPath, nodes: readonly AST.TOMLKeyValue[], inline: AST.TOMLInlineTable | undefined): void => {
    for (const node of nodes) {
      const path = [...prefix, ...node.key.keys.map(keyText)]
      pairs.push({ path, node, prefix, inline })
      addValue(path, node.value)
    }
  }
  const addValue = (path: ConfigPath, value: AST.TOMLContentNode): void => {
    if (value.type === 'TOMLInlineTable') {
      inlines.push({ path, node: value })
      addAll(path, value.body, value)
    } else if (value.type === 'TOMLArray') value.elements.forEach((element, index) => addValue([...path, index], element))
  }
  for (const item of parseTOML(text, { tomlVersion: '1.0.0' }).body[0].body) {
    if (item.type === 'TOMLKeyValue') addAll([], [item], undefined)
    else {
      headers.push({ path: item.resolvedKey, node: item })
      addAll(item.resolvedKey, item.body, undefined)
    }
  }
  return { text, pairs, headers, inlines }
}

/** Whether the table is written as such: by its own header, or by dotted keys. */
const hasOwn = (layout: Layout, path: ConfigPath) =>
  layout.headers.some((header) => isSame(header.path, path)) ||
  layout.pairs.some((pair) => pair.prefix.length <= path.length && pair.path.length > path.length && isPrefix(path, pair.path))

function addPair(layout: Layout, path: ConfigPath, value: ConfigValue): string {
  const { text } = layout
  const parent = path.slice(0, -1)
  const inline = layout.inlines.find((table) => isSame(table.path, parent))
  if (inline !== undefined) {
    const pair = `${dotted(path.slice(-1))} = ${printValue(value)}`
    const last = inline.node.body.at(-1)
    return last === undefined ? splice(text, inline.node.range, `{ ${pair} }`) : splice(text, [last.range[1], last.range[1]], `, ${pair}`)
  }
  const header = layout.headers.find((each) => isSame(each.path, parent))
  const own = layout.pairs.filter((pair) => pair.inline === undefined && isSame(pair.prefix, parent))
  if (header !== undefined || parent.length === 0) {
    const line = `${dotted(path.slice(-1))} = ${printValue(value)}`
    const last = own.at(-1)?.node
    if (last !== undefined) return insertLine(text, last.range[1], indentAt(text, last.range[0]) + line)
    return header === undefined
      ? insertAtTop(layout, line)
      : insertLine(text, headerEnd(text, header.node), `${indentAt(text, header.node.range[0])}  ${line}`)
  }
  const sibling = layout.pairs.findLast(
    (pair) => pair.inline === undefined && pair.path.length > parent.length && isPrefix(parent, pair.path) && pair.prefix.length < parent.length,
  )
  if (sibling !== undefined)
    return insertLine(
      text,
      sibling.node.range[1],
      `${indentAt(text, sibling.node.range[0])}${dotted(path.slice(sibling.prefix.length))} = ${printValue(value)}`,
    )
  const opened = layoutOf(addHeader(layout, parent))
  // A list's entry beyond its end: nothing to write it into. The caller sees that the text does not say it.
  return opened.headers.some((each) => isSame(each.path, parent)) ? addPair(opened, path, value) : text
}

/** A new section stands behind the last one that belongs to the same list entry, else at the end. */
function addHeader(layout: Layout, path: ConfigPath): string {
  const { text } = layout
  if (path.length === 0) return text
  const isEntry = typeof path.at(-1) === 'number'
  const name = path
    .filter((step) => typeof step === 'string')
    .map(printKey)
    .join('.')
  const lastIndex = path.findLastIndex((step, index) => typeof step === 'number' && index < path.length - 1)
  const kin = lastIndex < 0 ? undefined : layout.headers.findLast((header) => isPrefix(path.slice(0, lastIndex + 1), header.path))
  const end = kin === undefined ? text.length : lineEnd(text, kin.node.range[1])
  const indent = kin === undefined ? '' : `${indentAt(text, kin.node.range[0])}${kin.path.length <= lastIndex + 1 ? '  ' : ''}`
  const head = text.slice(0, end).replace(/[ \t\r\n]*$/, '')
  const section = `${indent}${isEntry ? `[[${name}]]` : `[${name}]`}`
  const tail = text.slice(end)
  const rest = kin === undefined ? '\n' : tail.startsWith('\n') || tail === '' ? tail || '\n' : `\n${tail}`
  return `${head}${head === '' ? '' : '\n\n'}${section}${rest}`
}

/** Before the first section, behind the comments that open the file. */
function insertAtTop(layout: Layout, line: string): string {
  const { text, headers } = layout
  const first = headers[0]
  if (first === undefined) return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`
  const opening = /^(?:[ \t]*#[^\n]*\n)+(?=[ \t]*\r?\n)/.exec(text)?.[0] ?? ''
  return opening === '' ? `${line}\n\n${text}` : `${opening}\n${line}\n${text.slice(opening.length)}`
}

function insertLine(text: string, after: number, line: string): string {
  const end = lineEnd(text, after)
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  return `${text.slice(0, end)}${newline}${line}${text.slice(end)}`
}

/** End of the line that `at` is on, its line break not included. */
function lineEnd(text: string, at: number): number {
  const found = text.indexOf('\n', at)
  const end = found < 0 ? text.length : found
  return end > at && text.charAt(end - 1) === '\r' ? end - 1 : end
}
const lineStart = (text: string, at: number) => text.lastIndexOf('\n', at - 1) + 1
const indentAt = (text: string, at: number) => /^[ \t]*/.exec(text.slice(lineStart(text, at), at))?.[0] ?? ''
const headerEnd = (text: string, node: AST.TOMLTable) => node.key.range[1] + (text.slice(node.key.range[1]).indexOf(']') < 0 ? 0 : 1)

const wholeLines = (text: string, [start, end]: readonly [number, number]): readonly [number, number] => [
  lineStart(text, start),
  Math.min(text.length, text.indexOf('\n', end) < 0 ? text.length : text.indexOf('\n', end) + 1),
]
/** With the empty lines behind it, so that no gap is left. */
function sectionLines(text: string, range: readonly [number, number]): readonly [number, number] {
  const [start, end] = wholeLines(text, range)
  return [start, end + (/^(?:[ \t]*\r?\n)*/.exec(text.slice(end))?.[0].length ?? 0)]
}
function withComma(text: string, body: readonly AST.TOMLKeyValue[], node: AST.TOMLKeyValue): readonly [number, number] {
  const index = body.indexOf(node)
  const next = body[index + 1]
  const before = body[index - 1]
  if (next !== undefined) return [node.range[0], next.range[0]]
  return before === undefined ? [node.range[0], node.range[1]] : [before.range[1], node.range[1]]
}

const splice = (text: string, [start, end]: readonly [number, number], by: string) => text.slice(0, start) + by + text.slice(end)
const keyText = (key: AST.TOMLBare | AST.TOMLQuoted): string => (key.type === 'TOMLBare' ? key.name : key.value)
const dotted = (path: ConfigPath) => path.map((step) => printKey(String(step))).join('.')
const isPrefix = (prefix: ConfigPath, path: ConfigPath) => prefix.length <= path.length && prefix.every((step, index) => step === path[index])
const isSame = (a: ConfigPath, b: ConfigPath) => a.length === b.length && isPrefix(a, b)
