import { isFault } from '../model/fault/fault.ts'
import { parseGoDuration } from '../model/duration.ts'
import { closestName } from './closest-name.ts'
import { toJson, type TomlTable, type TomlValue } from './toml-document.ts'

/** One finding: `key` is the path as a person would write it, such as `services[0].ports[1].port`. */
export interface Finding {
  readonly line: number
  readonly key: string
  readonly problem: string
  /** Where nobody asked for the key: what `--strict` refuses. */
  readonly isUnknownKey?: true
}
export interface Findings {
  readonly errors: Finding[]
  readonly warnings: Finding[]
}

/**
 * Reads one table key by key. A wrong type is recorded as an error and read as absent, so that one pass finds all errors;
 * `end` warns of every key that nobody asked for.
 */
export interface Section {
  readonly line: number
  readonly path: string
  readonly isEmpty: boolean
  has(key: string): boolean
  lineOf(key: string): number
  string(key: string): string | undefined
  /** Numbers and booleans count as their text, as flyctl takes them. */
  text(key: string): string | undefined
  integer(key: string, range?: { readonly min: number; readonly max: number }): number | undefined
  number(key: string): number | undefined
  boolean(key: string): boolean | undefined
  oneOf<Name extends string>(key: string, allowed: readonly Name[]): Name | undefined
  /** As `oneOf`, for what flyctl leaves to the server: another value is warned of and read as absent. `used` says what counts instead. */
  oneOfIfKnown<Name extends string>(key: string, allowed: readonly Name[], used: string): Name | undefined
  strings(key: string): readonly string[]
  /** A value that is no text is an error; with `leaveOut` it is warned of and left out. */
  textMap(key: string, leaveOut?: 'leaveOut'): Readonly<Record<string, string>>
  /** Bare numbers are in `bareUnitMs`, text is a Go duration, empty text is absent; milliseconds. */
  durationMs(key: string, bareUnitMs: number): number | undefined
  section(key: string): Section | undefined
  /** A table given once or as an array of tables. */
  sections(key: string): readonly Section[]
  /** The named tables inside a table: `[checks.alive]`. */
  named(key: string): readonly (readonly [string, Section])[]
  json(key: string): unknown
  /** Accepts a key without reading it. */
  ignore(...keys: readonly string[]): void
  error(key: string, problem: string): void
  warn(key: string, problem: string): void
  end(): void
}

/** Said of keys that Fly.io knows and Kante does not carry out yet: better than passed over. */
export const keptWithoutEffect = 'is kept, but not carried out yet'
/** Accepts keys, and says of each that is there that nothing comes of it. */
export function withoutEffect(section: Section, ...keys: readonly string[]): void {
  section.ignore(...keys)
  for (const key of keys) if (section.has(key)) section.warn(key, keptWithoutEffect)
}

export function openSection(table: TomlTable, path: string, findings: Findings): Section {
  const asked = new Set<string>()
  const pathOf = (key: string) => (path === '' ? key : `${path}.${key}`)
  const lineOf = (key: string) => table.entries.get(key)?.line ?? table.line
  const error = (key: string, problem: string) => void findings.errors.push({ line: lineOf(key), key: pathOf(key), problem })
  const warn = (key: string, problem: string) => void findings.warnings.push({ line: lineOf(key), key: pathOf(key), problem })
  const take = (key: string): TomlValue | undefined => {
    asked.add(key)
    return table.entries.get(key)
  }
  const wrong = (key: string, found: TomlValue, allowed: string): undefined => {
    error(key, `found ${describe(found)}, allowed is ${allowed}`)
  }
  const string = (key: string) => {
    const value = take(key)
    return value === undefined ? undefined : value.kind === 'string' ? value.value : wrong(key, value, 'text in quotes')
  }
  const choose = <Name extends string>(key: string, allowed: readonly Name[], report: (key: string, problem: string) => void): Name | undefined => {
    const found = string(key)
    if (found === undefined || found === '') return undefined
    const match = allowed.find((name) => name === found)
    if (match !== undefined) return match
    const meant = closestName(found, allowed)
    report(key, `found ${JSON.stringify(found)}, allowed is ${allowed.join(', ')}${meant === undefined ? '' : `; did you mean ${meant}?`}`)
    return undefined
  }
  const sectionOf = (key: string, value: TomlValue, suffix = ''): Section | undefined =>
    value.kind === 'table' ? openSection(value, pathOf(key) + suffix, findings) : wrong(key, value, 'a table')

  return {
    line: table.line,
    path,
    isEmpty: table.entries.size === 0,
    has: (key) => table.entries.has(key),
    lineOf,
    string,
    text: (key) => {
      const value = take(key)
      return value === undefined ? undefined : (scalarText(value) ?? wrong(key, value, 'text'))
    },
    integer: (key, range) => {
      const value = take(key)
      if (value === undefined) return undefined
      const number =
        value.kind === 'string' && /^\s*\d{1,15}\s*$/.test(value.value)
          ? Number(value.value)
          : value.kind === 'integer' || value.kind === 'float'
            ? value.value
            : NaN
      const isInside = Number.isInteger(number) && (range === undefined || (number >= range.min && number <= range.max))
      return isInside ? number : wrong(key, value, range === undefined ? 'a whole number' : `a whole number from ${range.min} to ${range.max}`)
    },
    number: (key) => {
      const value = take(key)
      if (value === undefined) return undefined
      return value.kind === 'integer' || value.kind === 'float' ? value.value : wrong(key, value, 'a number')
    },
    boolean: (key) => {
      const value = take(key)
      if (value === undefined) return undefined
      return value.kind === 'boolean' ? value.value : wrong(key, value, 'true or false')
    },
    oneOf: (key, allowed) => choose(key, allowed, error),
    oneOfIfKnown: (key, allowed, used) => choose(key, allowed, (at, problem) => warn(at, `${problem}; ${used}`)),
    strings: (key) => {
      const value = take(key)
      if (value === undefined) return []
      if (value.kind === 'string') return [value.value]
      const items = value.kind === 'array' ? value.items.map(scalarText) : [undefined]
      return items.every((item) => item !== undefined) ? items : (wrong(key, value, 'a list of texts') ?? [])
    },
    textMap: (key, leaveOut) => {
      const value = take(key)
      if (value === undefined) return {}
      const tables = value.kind === 'array' ? value.items : [value]
      const pairs = new Map<string, string>()
      for (const item of tables) {
        if (item.kind !== 'table') return wrong(key, item, 'a table of texts') ?? {}
        for (const [name, entry] of item.entries) {
          const text = scalarText(entry)
          if (text !== undefined) pairs.set(name, text)
          else {
            const finding = { line: entry.line, key: `${pathOf(key)}.${name}`, problem: `found ${describe(entry)}, allowed is text` }
            if (leaveOut === undefined) findings.errors.push(finding)
            else findings.warnings.push({ ...finding, problem: `${finding.problem}; it is left out` })
          }
        }
      }
      return Object.fromEntries(pairs)
    },
    durationMs: (key, bareUnitMs) => {
      const value = take(key)
      if (value === undefined || (value.kind === 'string' && value.value === '')) return undefined
      const bare =
        value.kind === 'integer' || value.kind === 'float'
          ? value.value
          : value.kind === 'string' && /^\d+$/.test(value.value)
            ? Number(value.value)
            : undefined
      const ms = bare === undefined ? goDurationMs(key, value) : bare * bareUnitMs
      const unit = bareUnitMs === 1 ? 'milliseconds' : 'seconds'
      return ms !== undefined && ms >= 0 && Number.isFinite(ms) ? ms : wrong(key, value, `a number of ${unit} or a duration such as "10s" or "1m30s"`)
    },
    section: (key) => {
      const value = take(key)
      if (value === undefined) return undefined
      const only = value.kind === 'array' && value.items.length === 1 && value.items[0] ? value.items[0] : value
      return sectionOf(key, only)
    },
    sections: (key) => {
      const value = take(key)
      if (value === undefined) return []
      const items = value.kind === 'array' ? value.items : [value]
      return items.flatMap((item, index) => sectionOf(key, item, value.kind === 'array' ? `[${index}]` : '') ?? [])
    },
    named: (key) => {
      const value = take(key)
      if (value === undefined) return []
      if (value.kind !== 'table') return wrong(key, value, 'a table of tables') ?? []
      return [...value.entries].flatMap(([name, item]) => {
        const inner = sectionOf(key, item, `.${name}`)
        return inner === undefined ? [] : [[name, inner] as const]
      })
    },
    json: (key) => {
      const value = take(key)
      return value === undefined ? undefined : toJson(value)
    },
    ignore: (...keys) => keys.forEach((key) => asked.add(key)),
    error,
    warn,
    end: () => {
      for (const [key, value] of table.entries) {
        if (asked.has(key)) continue
        const meant = closestName(
          key,
          [...asked].filter((name) => !table.entries.has(name)),
        )
        const hint = meant === undefined ? misplacedHint(path, key) : `; did you mean ${meant}?`
        findings.warnings.push({ line: value.line, key: pathOf(key), problem: `unknown key, kept but without effect${hint}`, isUnknownKey: true })
      }
    },
  }
}

/** TOML gives a line to the table above it: the usual reason for a sound key in a wrong place. */
const topLevelKeys = new Set(['app', 'primary_region', 'kill_signal', 'kill_timeout', 'swap_size_mb', 'console_command'])
const serviceKeys = new Set(['internal_port', 'force_https', 'auto_stop_machines', 'auto_start_machines', 'min_machines_running'])
function misplacedHint(path: string, key: string): string {
  if (path !== '' && !path.startsWith('processes') && topLevelKeys.has(key)) return '; it is a top-level key: move it above the first [table]'
  return !path.includes('service') && serviceKeys.has(key) ? '; it belongs into [http_service]' : ''
}

function goDurationMs(key: string, value: TomlValue): number | undefined {
  if (value.kind !== 'string') return undefined
  try {
    return parseGoDuration(key, value.value.trim())
  } catch (error) {
    if (isFault(error)) return undefined
    throw error
  }
}

const scalarText = (value: TomlValue): string | undefined => (value.kind === 'table' || value.kind === 'array' ? undefined : String(value.value))

function describe(value: TomlValue): string {
  if (value.kind === 'table') return 'a table'
  if (value.kind === 'array') return 'a list'
  const text = JSON.stringify(value.value)
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}
