import { ParseError } from 'toml-eslint-parser'
import { isMap, isScalar, parseDocument, type Document } from 'yaml'
import { fault } from '../model/fault/fault.ts'
import { formatOf, readConfigDocument } from './config-document.ts'
import { removeFromToml, setInToml, type ConfigPath } from './edit-toml.ts'
import { printConfig } from './print-config.ts'
import { toJson } from './toml-document.ts'
import { isConfigTable, isSameValue, isTableList, type ConfigTable, type ConfigValue } from './toml-values.ts'

export type ConfigEdit =
  | { readonly kind: 'set'; readonly path: ConfigPath; readonly value: ConfigValue }
  | { readonly kind: 'remove'; readonly path: ConfigPath }

/**
 * Applies edits in order to a config file in the form its name says. In TOML and YAML every comment and the order of what is not edited stay.
 * Fault config_invalid when the file cannot be read, or written so that it says what was asked.
 */
export function editConfigFile(file: string, text: string, wishes: readonly ConfigEdit[]): string {
  const before = definitionOf(file, text)
  const edits = wishes.map((edit) => ({ ...edit, path: asWritten(before, edit.path) }))
  const wanted = edits.reduce<ConfigTable>((table, edit) => edited(table, edit) as ConfigTable, before)
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : ''
  const source = text.slice(mark.length)
  const format = formatOf(file)
  const result = format === 'toml' ? editToml(file, source, edits) : format === 'json' ? editJson(source, wanted) : editYaml(file, source, edits)
  if (!isSameValue(definitionOf(file, result), wanted)) throw notEditable(file, edits)
  return mark + result
}

/** A section may be given once or as a list of one: a path means the one that is there. */
function asWritten(value: ConfigValue | undefined, path: ConfigPath): ConfigPath {
  const [step, ...rest] = path
  if (step === undefined) return path
  if (typeof step === 'string' && isTableList(value) && value.length === 1) return [0, ...asWritten(value[0], path)]
  if (step === 0 && rest.length > 0 && isConfigTable(value)) return asWritten(value, rest)
  const inner = isConfigTable(value) ? value[String(step)] : Array.isArray(value) ? (value as readonly ConfigValue[])[Number(step)] : undefined
  return [step, ...asWritten(inner, rest)]
}

/** What turns one definition into another; both as JSON. */
export function editsBetween(from: ConfigTable, to: ConfigTable, path: ConfigPath = []): readonly ConfigEdit[] {
  const changes = Object.entries(to).flatMap(([key, value]) => changesOf(from[key], value, [...path, key]))
  const gone = Object.keys(from).filter((key) => !Object.hasOwn(to, key))
  return [...gone.map((key) => ({ kind: 'remove' as const, path: [...path, key] })), ...changes]
}

function changesOf(before: ConfigValue | undefined, after: ConfigValue, path: ConfigPath): readonly ConfigEdit[] {
  if (isSameValue(before, after)) return []
  if (isConfigTable(before) && isConfigTable(after)) {
    const edits = editsBetween(before, after, path)
    // A table that was only there through its keys would go with the last of them.
    return Object.keys(after).length > 0 ? edits : [...edits, { kind: 'set', path, value: after }]
  }
  if (isTableList(before) && isTableList(after)) {
    const surplus = before.slice(after.length).map((_, index) => ({ kind: 'remove' as const, path: [...path, after.length + index] }))
    return [...surplus.toReversed(), ...after.flatMap((item, index) => changesOf(before[index], item, [...path, index]))]
  }
  const set = { kind: 'set' as const, path, value: after }
  // A value takes the former one's place, comment included; only sections have to go first.
  const isSection = [before, after].some((value) => isConfigTable(value) || isTableList(value))
  return before === undefined || !isSection ? [set] : [{ kind: 'remove', path }, set]
}

/** Gives a top-level key of a config file a text value; every other byte, comments and order included, stays. Fault config_invalid. */
export function setTopLevelText(file: string, text: string, key: string, value: string): string {
  return editConfigFile(file, text, [{ kind: 'set', path: [key], value }])
}

/** A definition as the text of a new file. */
export function printDefinition(file: string, definition: ConfigTable, header: string): string {
  const format = formatOf(file)
  if (format === 'json') return `${JSON.stringify(definition, undefined, 2)}\n`
  if (format === 'yaml') return `# ${header}\n\n${editYaml(file, '', editsBetween({}, definition))}`
  return `# ${header}\n\n${printConfig(definition)}`
}

const definitionOf = (file: string, text: string) => toJson(readConfigDocument(file, text)) as ConfigTable

function editToml(file: string, text: string, edits: readonly ConfigEdit[]): string {
  try {
    return edits.reduce((source, edit) => (edit.kind === 'set' ? setInToml(source, edit.path, edit.value) : removeFromToml(source, edit.path)), text)
  } catch (error) {
    // A path that TOML cannot spell, such as a number in front, ends in text that is none.
    if (error instanceof ParseError) throw notEditable(file, edits, error)
    throw error
  }
}

/** JSON has no comments to keep; the indentation is the file's. */
function editJson(text: string, wanted: ConfigTable): string {
  const indent = /^[{[]\s*\n([ \t]+)\S/.exec(text.trimStart())?.[1] ?? 2
  return `${JSON.stringify(wanted, undefined, indent)}\n`
}

function editYaml(file: string, text: string, edits: readonly ConfigEdit[]): string {
  if (edits.length === 0) return text
  const document = parseDocument(text, { version: '1.2' })
  if (isScalar(document.contents)) document.contents = null
  try {
    for (const edit of edits) {
      if (edit.kind === 'set') setInYaml(document, edit.path, edit.value)
      else if (document.hasIn(edit.path)) document.deleteIn(edit.path)
    }
    return document.toString({ lineWidth: 0 })
  } catch (error) {
    throw notEditable(file, edits, error)
  }
}

function setInYaml(document: Document.Parsed, path: ConfigPath, value: ConfigValue): void {
  if (!isConfigTable(value) || !isMap(document.getIn(path))) return document.setIn(path, value)
  for (const [key, item] of Object.entries(value)) setInYaml(document, [...path, key], item)
}

/** The same edit on plain JSON: what the edited text must say. */
function edited(value: ConfigValue | undefined, edit: ConfigEdit, depth = 0): ConfigValue {
  const step = edit.path[depth]
  if (step === undefined) return edit.kind === 'set' ? merged(value, edit.value) : (value ?? {})
  const isLast = depth === edit.path.length - 1
  if (typeof step === 'number') {
    const items = Array.isArray(value) ? (value as readonly ConfigValue[]) : []
    if (isLast && edit.kind === 'remove') return items.filter((_, index) => index !== step)
    return items.length > step
      ? items.map((item, index) => (index === step ? edited(item, edit, depth + 1) : item))
      : [...items, edited(undefined, edit, depth + 1)]
  }
  const table = isConfigTable(value) ? value : {}
  if (edit.kind === 'remove' && (isLast || !Object.hasOwn(table, step)))
    return Object.fromEntries(Object.entries(table).filter(([key]) => key !== step))
  const inner = edited(Object.hasOwn(table, step) ? table[step] : undefined, edit, depth + 1)
  // A list whose last entry goes is gone: TOML has no empty list of tables.
  if (edit.kind === 'remove' && Array.isArray(inner) && inner.length === 0)
    return Object.fromEntries(Object.entries(table).filter(([key]) => key !== step))
  return Object.hasOwn(table, step)
    ? Object.fromEntries(Object.entries(table).map(([key, item]) => [key, key === step ? inner : item]))
    : { ...table, [step]: inner }
}

function merged(before: ConfigValue | undefined, after: ConfigValue): ConfigValue {
  if (!isConfigTable(before) || !isConfigTable(after)) return after
  const changed = Object.entries(after).map(([key, value]) => [key, merged(Object.hasOwn(before, key) ? before[key] : undefined, value)])
  return { ...before, ...Object.fromEntries(changed) }
}

const notEditable = (file: string, edits: readonly ConfigEdit[], cause?: unknown) =>
  fault(
    'config_invalid',
    {
      file,
      line: undefined,
      key: edits.map((edit) => edit.path.join('.')).join(', '),
      problem: 'cannot be changed in place; change it by hand',
    },
    cause,
  )
