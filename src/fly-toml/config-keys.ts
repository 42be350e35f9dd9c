import { readConfig } from './parse-fly-toml.ts'
import { keptWithoutEffect, type Section } from './section.ts'

/** One key that the readers ask for. `path` as in `services[].ports[].port`, `checks.<name>.type`. */
export interface ConfigKey {
  readonly path: string
  /** What its value is, for people: `text`, `whole number from 1 to 65535`, `rolling, immediate, canary or bluegreen`. */
  readonly value: string
  /** `effect`: it does something. `none`: flyctl knows it, nothing comes of it yet. `accepted`: a legacy key that does nothing anywhere. */
  readonly status: 'effect' | 'none' | 'accepted'
}

/** Every key there is, found by running the readers of fly.toml on a section that notes what they ask for. */
export function configKeys(): readonly ConfigKey[] {
  const found = new Map<string, ConfigKey>()
  readConfig(recorder('', found))
  return [...found.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

function recorder(path: string, found: Map<string, ConfigKey>): Section {
  const at = (key: string) => (path === '' ? key : `${path}.${key}`)
  const note = (key: string, value: string): undefined => {
    // A value may be looked at as a whole before it is read as what it is.
    if (value !== anything || !found.has(at(key))) found.set(at(key), { path: at(key), value, status: 'effect' })
  }
  const inner = (key: string, suffix: string, value: string) => {
    note(key, value)
    return recorder(at(key) + suffix, found)
  }
  const oneOf = (key: string, allowed: readonly string[]) => note(key, either(allowed))
  return {
    line: 1,
    path,
    isEmpty: false,
    has: () => true,
    lineOf: () => 1,
    string: (key) => note(key, 'text'),
    text: (key) => note(key, 'text or number'),
    integer: (key, range) => note(key, range === undefined ? 'whole number' : `whole number from ${range.min} to ${range.max}`),
    number: (key) => note(key, 'number'),
    boolean: (key) => note(key, 'true or false'),
    oneOf,
    oneOfIfKnown: oneOf,
    strings: (key) => note(key, 'list of texts') ?? [],
    textMap: (key) => note(key, 'table of texts') ?? {},
    durationMs: (key, bareUnitMs) => note(key, `duration such as "1m30s", or ${bareUnitMs === 1 ? 'milliseconds' : 'seconds'}`),
    section: (key) => inner(key, '', 'table'),
    sections: (key) => [inner(key, '[]', 'table, or list of tables')],
    named: (key) => [['<name>', inner(key, '.<name>', 'table of tables')]],
    json: (key) => note(key, anything) ?? {},
    ignore: (...keys) => {
      for (const key of keys) if (!found.has(at(key))) found.set(at(key), { path: at(key), value: anything, status: 'accepted' })
    },
    error: () => undefined,
    warn: (key, problem) => {
      const known = found.get(at(key))
      if (known !== undefined && problem === keptWithoutEffect) found.set(at(key), { ...known, status: 'none' })
    },
    end: () => undefined,
  }
}
const anything = 'anything'
const either = (words: readonly string[]) => `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`
