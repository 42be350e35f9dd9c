import type { TomlTable, TomlValue } from '../../fly-toml/toml-document.ts'
import { maxDepth } from '../../fly-toml/toml-document.ts'
import { fault } from '../../model/fault/fault.ts'

export const maxJsoncBytes = 1024 * 1024
const maxValues = 100_000

/**
 * Reads JSON with comments and trailing commas, as wrangler does, into the tree that TOML gives: each value knows its line.
 * `null` is absent. Of a key given twice the last counts, as in JSON.parse. Fault worker_config_broken.
 */
export function readJsoncDocument(file: string, text: string): TomlTable {
  const refuse = (line: number | undefined, problem: string, cause?: unknown) => fault('worker_config_broken', { file, line, problem }, cause)
  if (Buffer.byteLength(text) > maxJsoncBytes) throw refuse(undefined, `larger than ${maxJsoncBytes / 1024} KiB`)
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text
  let at = 0
  let line = 1
  let values = 0

  const skip = (): void => {
    while (at < source.length) {
      const char = source[at]
      if (char === '\n') line++
      if (char === '/' && source[at + 1] === '/') {
        const end = source.indexOf('\n', at)
        at = end < 0 ? source.length : end
      } else if (char === '/' && source[at + 1] === '*') {
        const end = source.indexOf('*/', at + 2)
        if (end < 0) throw refuse(line, 'a comment that does not end')
        line += source.slice(at, end).split('\n').length - 1
        at = end + 2
      } else if (char === ' ' || char === '\t' || char === '\r' || char === '\n') at++
      else return
    }
  }
  const found = () => (at >= source.length ? 'the end of the file' : JSON.stringify(source[at]))
  const readString = (): string => {
    const start = at
    for (at++; at < source.length && source[at] !== '"'; at++) {
      if (source[at] === '\n') throw refuse(line, 'a text that does not end on its line')
      if (source[at] === '\\') at++
    }
    if (at >= source.length) throw refuse(line, 'a text that does not end')
    at++
    try {
      return JSON.parse(source.slice(start, at)) as string
    } catch (error) {
      throw refuse(line, `${source.slice(start, start + 40)} is no JSON text`, error)
    }
  }
  /** Items up to `close`, a trailing comma allowed. */
  const readItems = (close: string, item: () => void): void => {
    at++
    for (;;) {
      skip()
      if (source[at] === close) break
      item()
      skip()
      if (source[at] === ',') at++
      else if (source[at] !== close) throw refuse(line, `found ${found()}, expected "," or "${close}"`)
    }
    at++
  }
  const readValue = (depth: number): TomlValue | undefined => {
    skip()
    if (depth > maxDepth) throw refuse(line, `nested deeper than ${maxDepth}`)
    if (++values > maxValues) throw refuse(line, `more than ${maxValues} values`)
    const start = at
    const place = { line, range: [start, start] as const }
    if (source[at] === '{') {
      const entries = new Map<string, TomlValue>()
      readItems('}', () => {
        if (source[at] !== '"') throw refuse(line, `found ${found()}, expected a key in double quotes`)
        const keyLine = line
        const key = readString()
        skip()
        if (source[at] !== ':') throw refuse(line, `found ${found()}, expected ":" after ${JSON.stringify(key)}`)
        at++
        const value = readValue(depth + 1)
        if (value === undefined) entries.delete(key)
        else entries.set(key, { ...value, line: keyLine })
      })
      return { kind: 'table', entries, line: place.line, range: [start, at] }
    }
    if (source[at] === '[') {
      const items: TomlValue[] = []
      readItems(']', () => {
        const value = readValue(depth + 1)
        if (value !== undefined) items.push(value)
      })
      return { kind: 'array', items, line: place.line, range: [start, at] }
    }
    if (source[at] === '"') return { kind: 'string', value: readString(), line: place.line, range: [start, at] }
    const word = /^[-+\w.]{1,64}/.exec(source.slice(at, at + 64))?.[0] ?? ''
    at += word.length
    const range = [start, at] as const
    if (word === 'null') return undefined
    if (word === 'true' || word === 'false') return { kind: 'boolean', value: word === 'true', line: place.line, range }
    if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(word))
      return { kind: Number.isSafeInteger(Number(word)) ? 'integer' : 'float', value: Number(word), line: place.line, range }
    throw refuse(place.line, `found ${word === '' ? found() : JSON.stringify(word)}, expected a value`)
  }

  const root = readValue(0)
  skip()
  if (at < source.length) throw refuse(line, `found ${found()} after the end`)
  if (root?.kind !== 'table') throw refuse(1, 'is no object of keys')
  return root
}
