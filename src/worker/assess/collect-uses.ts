import { bindingTypes } from '../config/binding-keys.ts'
import type { ConfigScope, WranglerConfig } from '../config/wrangler-config.ts'
import type { BindingUse, SignalId } from '../code/module-facts.ts'
import { saysBinding } from '../code/read-bindings.ts'
import type { Place, Program } from '../code/read-program.ts'
import type { Assessment, Use } from './assessment.ts'
import { featureOf, features, type FeatureId } from './features.ts'

type Binding = Assessment['bindings'][number]
type UsePlace = Use['places'][number]
const keptPlaces = 200

/** Joins config and code: what each binding is, where it stands, where it is used; what is missing on either side. */
export function collectBindings(
  program: Program,
  config: WranglerConfig | undefined,
  scopes: readonly ConfigScope[],
  secrets: ReadonlySet<string>,
): readonly Binding[] {
  const uses = new Map<string, (BindingUse & Place)[]>()
  const types = new Map<string, FeatureId>()
  let isHandedOn = false
  for (const [file, facts] of program.modules) {
    for (const [name, typed] of Object.entries(facts.typedBindings)) types.set(name, typed.feature)
    for (const use of facts.bindings) uses.set(use.name, [...(uses.get(use.name) ?? []), { ...use, file }])
    if (facts.envHandedTo.length > 0 || facts.dynamicEnv.length > 0) isHandedOn = true
  }
  const inConfig = new Map<string, { feature: FeatureId; environments: string[]; line: number }>()
  for (const scope of scopes)
    for (const binding of scope.bindings) {
      const known = inConfig.get(binding.name)
      const where = scope.env ?? 'top'
      if (known === undefined) inConfig.set(binding.name, { feature: binding.feature, environments: [where], line: binding.line })
      else if (!known.environments.includes(where)) known.environments.push(where)
    }
  const bindings: Binding[] = []
  const place = ({ file, line }: Place) => ({ file, line })
  for (const [name, known] of inConfig) {
    const found = (uses.get(name) ?? []).slice(0, keptPlaces).map(place)
    // In service-worker format bindings are globals.
    const free = [...program.modules].flatMap(([file, facts]) => (facts.freeNames.has(name) ? [{ file, line: 1 }] : []))
    const isUsed = found.length > 0 || free.length > 0 || isHandedOn || known.feature === 'assets'
    bindings.push({
      name,
      feature: known.feature,
      environments: known.environments,
      config: config === undefined ? null : { file: config.file, line: known.line },
      uses: unique(found.length > 0 ? found : free),
      state: isUsed ? 'used' : 'unused',
    })
  }
  for (const [name, all] of uses) {
    const found = all.filter((use) => !use.isHint)
    if (inConfig.has(name) || found.length === 0) continue
    const told = found.map((use) => use.feature).find((each) => each !== undefined)
    const feature = types.get(name) ?? told
    const isBinding = feature !== undefined && feature !== 'vars'
    const isLikely = !isBinding && found.some((use) => saysBinding(use.method)) && !secrets.has(name)
    bindings.push({
      name,
      feature: isBinding ? feature : isLikely ? 'other-binding' : 'secrets',
      environments: [],
      config: null,
      uses: unique(found.slice(0, keptPlaces).map(place)),
      state: isBinding || isLikely ? 'missing' : 'variable',
    })
  }
  return bindings.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** Everything that is used, by feature in the table's order, with each place. */
export function collectUses(
  program: Program,
  config: WranglerConfig | undefined,
  scopes: readonly ConfigScope[],
  bindings: readonly Binding[],
): readonly Use[] {
  const places = new Map<FeatureId, UsePlace[]>()
  const names = new Map<FeatureId, Set<string>>()
  const add = (feature: FeatureId, place: UsePlace) => {
    places.set(feature, [...(places.get(feature) ?? []), place])
  }
  for (const binding of bindings) {
    const feature = binding.feature as FeatureId
    // Not known what it is: said as a finding, not counted as something Cloudflare alone has.
    if (feature === 'other-binding' && binding.state === 'missing') continue
    names.set(feature, (names.get(feature) ?? new Set<string>()).add(binding.name))
    if (binding.config !== null) add(feature, { ...binding.config, what: binding.name })
    for (const use of binding.uses) add(feature, { ...use, what: `env.${binding.name}` })
  }
  if (config !== undefined)
    for (const scope of scopes) {
      const at = (line: number, what: string) => ({ file: config.file, line, what })
      for (const cron of scope.crons) add('cron', at(cron.line, cron.text))
      for (const consumer of scope.consumers) add('queues', at(consumer.line, `consumer of ${consumer.text}`))
      for (const route of scope.zoneRoutes) add('zone-routes', at(route.line, route.text))
      for (const each of scope.other) add(each.feature, at(each.line, featureOf(each.feature).title))
      for (const flag of scope.env === undefined ? config.compatibilityFlags : [])
        if (flag.text.startsWith('nodejs_compat')) add('node-compat', at(flag.line, flag.text))
    }
  for (const [file, facts] of program.modules) {
    for (const use of facts.features) add(use.feature, { file, line: use.line, what: use.what })
    for (const listener of [...facts.listeners, ...facts.handlers]) {
      if (listener.name === 'scheduled') add('cron', { file, line: listener.line, what: 'scheduled handler' })
      if (listener.name === 'queue') add('queues', { file, line: listener.line, what: 'queue handler' })
      if (listener.name === 'email') add('email', { file, line: listener.line, what: 'email handler' })
      if (listener.name === 'tail') add('tail-consumers', { file, line: listener.line, what: 'tail handler' })
    }
  }
  return (Object.keys(features) as FeatureId[]).flatMap((feature): readonly Use[] => {
    const found = places.get(feature)
    if (found === undefined) return []
    const { title, run, convert } = featureOf(feature)
    return [{ feature, title, run, convert, names: [...(names.get(feature) ?? [])], places: unique(found).slice(0, keptPlaces) }]
  })
}

/** What the rules count, with the writes that are told by the binding they go to. */
export function collectSignals(program: Program, bindings: readonly Binding[]): ReadonlyMap<SignalId, readonly Place[]> {
  const signals = new Map<SignalId, Place[]>()
  const add = (id: SignalId, place: Place) => signals.set(id, [...(signals.get(id) ?? []), place])
  const kinds = new Map(bindings.map((binding) => [binding.name, binding.feature] as const))
  for (const [file, facts] of program.modules) {
    for (const signal of facts.signals) add(signal.id, { file, line: signal.line })
    for (const use of facts.bindings) {
      const kind = kinds.get(use.name)
      if (kind === 'kv' && (use.method === 'put' || use.method === 'delete'))
        add(use.expires === true ? 'kv-expiring-write' : 'kv-write', { file, line: use.line })
      if (kind === 'r2' && ['put', 'delete', 'createMultipartUpload'].includes(use.method ?? '')) add('r2-write', { file, line: use.line })
    }
    for (const call of facts.typedCalls) {
      const kind = bindingTypes[call.type]
      if (kind === 'kv' && (call.method === 'put' || call.method === 'delete'))
        add(call.expires ? 'kv-expiring-write' : 'kv-write', { file, line: call.line })
      if (kind === 'r2' && ['put', 'delete', 'createMultipartUpload'].includes(call.method)) add('r2-write', { file, line: call.line })
    }
  }
  return signals
}
const unique = <P extends Place & { readonly what?: string }>(places: readonly P[]): P[] => [
  ...new Map(places.map((each) => [`${each.file}:${each.line}:${each.what ?? ''}`, each] as const)).values(),
]
