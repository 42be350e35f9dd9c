import { readTomlDocument, type TomlTable, type TomlValue } from '../../fly-toml/toml-document.ts'
import { isFault, fault } from '../../model/fault/fault.ts'
import type { FeatureId } from '../assess/features.ts'
import { bindingKeys } from './binding-keys.ts'
import { readJsoncDocument } from './jsonc-document.ts'
import type { ConfigBinding, ConfigLine, ConfigScope, WranglerConfig } from './wrangler-config.ts'

/** Reads wrangler.toml, .json or .jsonc by its name. Fault worker_config_broken, with file and line. */
export function readWranglerConfig(file: string, text: string): WranglerConfig {
  const root = readDocument(file, text)
  const warnings: ConfigLine[] = []
  const top = readScope(file, root, undefined, warnings)
  const environments = root.entries.get('env')
  if (environments !== undefined && environments.kind !== 'table') throw wrongType(file, environments, 'env', 'a table of environments')
  const scopes = [...(environments?.entries ?? [])].map(([name, table]) => {
    if (table.kind !== 'table') throw wrongType(file, table, `env.${name}`, 'a table')
    return readScope(file, table, name, warnings)
  })
  const assets = tablesAt(root, ['assets'])[0]
  return {
    file,
    top,
    environments: scopes,
    compatibilityDate: textOf(root.entries.get('compatibility_date'))?.text,
    compatibilityFlags: listAt(root, ['compatibility_flags']),
    pagesOutput: textOf(root.entries.get('pages_build_output_dir')),
    buildCommand: textOf(at(root, ['build', 'command'])),
    assetsDirectory: assets === undefined ? undefined : textOf(assets.entries.get('directory')),
    readsAllModules: isTrue(root.entries.get('no_bundle')) || isTrue(root.entries.get('find_additional_modules')),
    alias: Object.fromEntries(
      tablesAt(root, ['alias']).flatMap((table) => [...table.entries].map(([from, to]) => [from, textOf(to)?.text ?? ''] as const)),
    ),
    requiredSecrets: listAt(root, ['secrets', 'required']),
    logs: (['observability', 'logpush'] as const).flatMap((key) => {
      const value = root.entries.get(key)
      const isOn = value !== undefined && (value.kind === 'table' ? !isFalse(value.entries.get('enabled')) : isTrue(value))
      return isOn ? [{ text: key, line: value.line }] : []
    }),
    warnings,
  }
}

function readDocument(file: string, text: string): TomlTable {
  if (!file.endsWith('.toml')) return readJsoncDocument(file, text)
  try {
    return readTomlDocument(file, text)
  } catch (error) {
    if (!isFault(error, 'config_invalid')) throw error
    const { line, key, problem } = error.detail as { line: number | undefined; key: string; problem: string }
    throw fault('worker_config_broken', { file, line, problem: key === 'syntax' ? problem : `${key}: ${problem}` }, error)
  }
}

const wrongType = (file: string, value: TomlValue, key: string, allowed: string) =>
  fault('worker_config_broken', {
    file,
    line: value.line,
    problem: `${key}: found ${value.kind === 'array' ? 'a list' : `a ${value.kind}`}, allowed is ${allowed}`,
  })

function readScope(file: string, table: TomlTable, env: string | undefined, warnings: ConfigLine[]): ConfigScope {
  const where = env === undefined ? '' : `env.${env}.`
  const main = table.entries.get('main')
  if (main !== undefined && main.kind !== 'string') throw wrongType(file, main, `${where}main`, 'text')
  const bindings = bindingKeys.flatMap((key) =>
    tablesAt(table, key.path, (value) => {
      throw wrongType(file, value, where + key.path.join('.'), 'a table or a list of tables')
    }).flatMap((entry): readonly ConfigBinding[] => {
      const name = textOf(entry.entries.get(key.name) ?? entry.entries.get(key.name === 'name' ? 'binding' : 'name'))
      if (name === undefined) {
        // Assets need no binding: the platform serves them before the code.
        if (key.feature !== 'assets') warnings.push({ line: entry.line, text: `${where}${key.path.join('.')}: an entry without ${key.name}` })
        return []
      }
      return [
        {
          name: name.text,
          feature: key.feature,
          target: key.target === undefined ? undefined : textOf(entry.entries.get(key.target))?.text,
          line: entry.line,
        },
      ]
    }),
  )
  const vars = tablesAt(table, ['vars']).flatMap((entry) =>
    [...entry.entries].map(([name, value]): ConfigBinding => ({ name, feature: 'vars', target: undefined, line: value.line })),
  )
  const routes = [...routesOf(table.entries.get('routes')), ...routesOf(table.entries.get('route'))]
  const classes = (path: readonly string[], kind: 'durable-objects' | 'workflows') =>
    tablesAt(table, path).flatMap((entry) => {
      const name = textOf(entry.entries.get('class_name'))
      return name === undefined || entry.entries.has('script_name') ? [] : [{ name: name.text, kind, line: entry.line }]
    })
  return {
    env,
    line: table.line,
    bindings: [...bindings, ...vars, ...declaredObjects(table), ...unsafeRateLimits(table)],
    crons: listAt(table, ['triggers', 'crons']),
    consumers: tablesAt(table, ['queues', 'consumers']).map((entry) => ({ text: textOf(entry.entries.get('queue'))?.text ?? '', line: entry.line })),
    zoneRoutes: routes.filter((route) => !route.isDomain),
    customDomains: routes.filter((route) => route.isDomain),
    other: otherFeatures(table),
    classes: [...classes(['durable_objects', 'bindings'], 'durable-objects'), ...classes(['workflows'], 'workflows')],
    cpuMs: numberText(at(table, ['limits', 'cpu_ms'])),
    main: textOf(main),
    name: textOf(table.entries.get('name')),
  }
}

const unsafeBindings = (table: TomlTable) => tablesAt(table, ['unsafe', 'bindings'])
/** Rate limits were declared as unsafe bindings before they had a key of their own. */
const unsafeRateLimits = (table: TomlTable): readonly ConfigBinding[] =>
  unsafeBindings(table).flatMap((entry) => {
    const name = textOf(entry.entries.get('name'))
    return name !== undefined && textOf(entry.entries.get('type'))?.text === 'ratelimit'
      ? [{ name: name.text, feature: 'rate-limits', target: undefined, line: entry.line }]
      : []
  })
const isKnownUnsafe = (table: TomlTable) => unsafeBindings(table).length > 0 && unsafeRateLimits(table).length === unsafeBindings(table).length

/** Features that have no binding in code, or whose presence alone counts. */
const otherKeys: readonly (readonly [key: string, feature: FeatureId])[] = [
  ['containers', 'containers'],
  ['tail_consumers', 'tail-consumers'],
  ['streaming_tail_consumers', 'tail-consumers'],
  ['site', 'sites'],
  ['unsafe', 'unsafe'],
  ['assets', 'assets'],
  ['wasm_modules', 'wasm'],
  ['text_blobs', 'file-modules'],
  ['data_blobs', 'file-modules'],
]
const otherFeatures = (table: TomlTable): ConfigScope['other'] =>
  otherKeys.flatMap(([key, feature]) => {
    const value = table.entries.get(key)
    const isEmpty =
      value === undefined || (value.kind === 'array' && value.items.length === 0) || (value.kind === 'table' && value.entries.size === 0)
    return isEmpty || (key === 'unsafe' && isKnownUnsafe(table)) ? [] : [{ feature, line: value.line }]
  })

/** `exports`, the newer way to declare Durable Objects. */
const declaredObjects = (table: TomlTable): readonly ConfigBinding[] =>
  tablesAt(table, ['exports']).flatMap((entry) =>
    [...entry.entries].flatMap(([name, value]) =>
      value.kind === 'table' && textOf(value.entries.get('type'))?.text === 'durable-object'
        ? [{ name, feature: 'durable-objects' as const, target: name, line: value.line }]
        : [],
    ),
  )

function routesOf(value: TomlValue | undefined): readonly (ConfigLine & { readonly isDomain: boolean })[] {
  if (value === undefined) return []
  if (value.kind === 'array') return value.items.flatMap(routesOf)
  if (value.kind === 'string') return [{ text: value.value, line: value.line, isDomain: false }]
  if (value.kind !== 'table') return []
  const pattern = textOf(value.entries.get('pattern'))
  return pattern === undefined ? [] : [{ text: pattern.text, line: value.line, isDomain: isTrue(value.entries.get('custom_domain')) }]
}

function at(table: TomlTable, path: readonly string[]): TomlValue | undefined {
  let here: TomlValue | undefined = table
  for (const step of path) here = here?.kind === 'table' ? here.entries.get(step) : undefined
  return here
}
/** The tables at a path, given once or as a list; `refuse` hears of anything else. */
function tablesAt(table: TomlTable, path: readonly string[], refuse: (value: TomlValue) => void = () => undefined): readonly TomlTable[] {
  const value = at(table, path)
  if (value === undefined) return []
  return (value.kind === 'array' ? value.items : [value]).flatMap((item) => {
    if (item.kind === 'table') return [item]
    refuse(item)
    return []
  })
}
const listAt = (table: TomlTable, path: readonly string[]): readonly ConfigLine[] => {
  const value = at(table, path)
  return value?.kind === 'array' ? value.items.flatMap((item) => textOf(item) ?? []) : [textOf(value) ?? []].flat()
}
const textOf = (value: TomlValue | undefined): ConfigLine | undefined =>
  value?.kind === 'string' ? { text: value.value, line: value.line } : undefined
const numberText = (value: TomlValue | undefined): ConfigLine | undefined =>
  value?.kind === 'integer' || value?.kind === 'float' ? { text: String(value.value), line: value.line } : undefined
const isTrue = (value: TomlValue | undefined) => value?.kind === 'boolean' && value.value
const isFalse = (value: TomlValue | undefined) => value?.kind === 'boolean' && !value.value
