import type { Place, Program } from '../code/read-program.ts'
import type { ConfigScope, WranglerConfig } from '../config/wrangler-config.ts'
import type { FoundWorker } from '../project/find-workers.ts'
import type { ChosenEntry } from './assess-worker.ts'
import type { Assessment, Finding, Use } from './assessment.ts'
import { featureOf, type FeatureId } from './features.ts'

interface Inputs {
  readonly config: WranglerConfig | undefined
  readonly scopes: readonly ConfigScope[]
  readonly bindings: readonly Assessment['bindings'][number][]
  readonly uses: readonly Use[]
  readonly program: Program
  readonly entry: ChosenEntry
  readonly found: FoundWorker
  readonly classes: Assessment['entry']['classes']
  readonly environment: string | undefined
  readonly list: readonly string[]
}

/** What a team should know beside the decision: gaps between config and code, ids that cannot be carried over, what was not read. */
export function* findingsOf({ config, scopes, bindings, uses, program, entry, found, classes, environment, list }: Inputs): Generator<Finding> {
  const inConfig = (line: number): Place[] => (config === undefined ? [] : [{ file: config.file, line }])
  const has = (feature: FeatureId) => uses.find((use) => use.feature === feature)
  for (const binding of bindings) {
    if (binding.state === 'missing') {
      const title = binding.feature === 'other-binding' ? 'a binding' : featureOf(binding.feature as FeatureId).title
      const elsewhere =
        environment === undefined
          ? undefined
          : [config?.top, ...(config?.environments ?? [])].find((scope) => scope?.bindings.some((each) => each.name === binding.name))
      const where =
        elsewhere === undefined
          ? 'the config has none of that name'
          : `only ${elsewhere.env === undefined ? 'the top level' : `env.${elsewhere.env}`} has it: environments inherit no bindings`
      yield {
        severity: config === undefined ? 'info' : 'error',
        text: `${binding.name} is used as ${title}, ${where}`,
        places: binding.uses.slice(0, 5),
      }
    }
    if (binding.state === 'unused')
      yield {
        severity: 'info',
        text: `${binding.name} (${featureOf(binding.feature as FeatureId).title}) is in the config, the code does not use it`,
        places: binding.config === null ? [] : [binding.config],
      }
  }
  const variables = bindings.filter((each) => each.state === 'variable').map((each) => each.name)
  if (variables.length > 0)
    yield {
      severity: 'info',
      text: `secrets or variables that the config does not have, to be set again: ${variables.slice(0, 40).join(', ')}`,
      places: bindings.flatMap((each) => (each.state === 'variable' ? each.uses.slice(0, 1) : [])).slice(0, 5),
    }
  if (environment === undefined && config !== undefined && config.environments.length > 0)
    for (const scope of config.environments) {
      const lacks = config.top.bindings.filter((each) => each.feature !== 'assets' && !scope.bindings.some((other) => other.name === each.name))
      if (lacks.length > 0)
        yield {
          severity: 'warning',
          text: `env.${scope.env} lacks ${lacks
            .slice(0, 12)
            .map((each) => each.name)
            .join(', ')}${lacks.length > 12 ? ' …' : ''}: environments inherit no bindings and no variables`,
          places: inConfig(scope.line),
        }
    }
  const carried: readonly (readonly [FeatureId, string])[] = [
    [
      'do-new-unique-id',
      'ids of newUniqueId cannot be carried over: they are valid only in Cloudflare’s namespace; keep a table from old id to name',
    ],
    ['do-id-from-string', 'idFromString refuses every id that was made at Cloudflare; keep a table from old id to name'],
    ['do-id-text', 'ids as text, stored or in URLs, lose their meaning when moved'],
    ['durable-objects', 'Cloudflare has no export of Durable Objects: the Worker itself has to write out what they hold, by name'],
    ['workflows', 'instances of Workflows that run cannot be carried over: let them finish'],
    ['access-jwt', 'tokens of Cloudflare Access exist only behind Cloudflare'],
  ]
  for (const [feature, text] of carried) {
    const use = has(feature)
    if (use !== undefined) yield { severity: 'warning', text, places: use.places.slice(0, 8).map(({ file, line }) => ({ file, line })) }
  }
  for (const scope of scopes)
    for (const each of scope.classes)
      if (
        program.modules.size > 0 &&
        entry.format === 'modules' &&
        !classes.some((one) => one.name === each.name) &&
        !exportsName(program, each.name)
      )
        yield { severity: 'error', text: `class ${each.name} is in the config, the code exports none of that name`, places: inConfig(each.line) }
  const consumers = scopes.flatMap((scope) => scope.consumers)
  const handles = (name: string) =>
    [...program.modules.values()].some((facts) => [...facts.handlers, ...facts.listeners].some((each) => each.name === name))
  if (consumers[0] !== undefined && entry.format === 'modules' && !handles('queue'))
    yield { severity: 'warning', text: 'the config consumes a queue, the code has no queue handler', places: inConfig(consumers[0].line) }
  const [cron] = scopes.flatMap((scope) => scope.crons)
  if (cron !== undefined && entry.format === 'modules' && !handles('scheduled'))
    yield { severity: 'warning', text: 'the config has cron triggers, the code has no scheduled handler', places: inConfig(cron.line) }
  if (cron === undefined && handles('scheduled') && config !== undefined)
    yield { severity: 'info', text: 'the code has a scheduled handler, the config no cron trigger', places: [] }
  const numeric = scopes.flatMap((scope) => scope.crons).filter((each) => /\d/.test(each.text.trim().split(/\s+/)[4] ?? ''))
  if (numeric[0] !== undefined)
    yield {
      severity: 'info',
      text: `cron "${numeric[0].text}": weekday 1 is Sunday at Cloudflare, Monday in most other places`,
      places: inConfig(numeric[0].line),
    }
  const dynamic = [...program.modules].flatMap(([file, facts]) => facts.dynamicEnv.map((line) => ({ file, line })))
  if (dynamic.length > 0)
    yield { severity: 'info', text: 'bindings chosen at run time (env[…]): what they are cannot be told from the code', places: dynamic.slice(0, 5) }
  if (config !== undefined) for (const warning of config.warnings) yield { severity: 'warning', text: warning.text, places: inConfig(warning.line) }
  if (config === undefined && entry.format !== 'pages')
    yield {
      severity: 'warning',
      text: `no wrangler config: ${entry.file === undefined ? 'the entry' : `${entry.file} is taken for the entry`}, bindings are told from the code`,
      places: [],
    }
  else if (entry.isGuessed)
    yield { severity: 'info', text: `main is made by a build or not named: ${entry.file ?? 'all sources of the folder'} was read`, places: [] }
  if (entry.format === 'framework')
    yield { severity: 'info', text: `${entry.framework ?? 'a framework'} makes the Worker: its pages are routes that are not listed`, places: [] }
  if (entry.format === 'rust')
    yield { severity: 'warning', text: 'a Worker in Rust: only the config was read', places: [{ file: 'Cargo.toml', line: 1 }] }
  if (entry.format === 'python') yield { severity: 'warning', text: 'a Worker in Python: only the config was read', places: [] }
  for (const file of list)
    if (/^(cloudflare|wrangler)\.config\.ts$/.test(file))
      yield {
        severity: 'warning',
        text: 'a config written as code is not run: pass the wrangler.json that its build makes with -c',
        places: [{ file, line: 1 }],
      }
  if (found.otherConfigs.length > 0)
    yield { severity: 'info', text: `further configs, to be chosen with -c: ${found.otherConfigs.slice(0, 12).join(', ')}`, places: [] }
  const relative = program.missing.filter((each) => !/(^|\/)(\+types|\.generated|generated|\.wrangler)\//.test(each.name))
  if (relative.length > 0)
    yield {
      severity: 'warning',
      text: `imports that lead nowhere (made by a build?): ${[...new Set(relative.map((each) => each.name))].slice(0, 8).join(', ')}`,
      places: relative.slice(0, 5).map(({ file, line }) => ({ file, line })),
    }
  for (const each of program.unreadable)
    yield { severity: 'warning', text: `not read: ${each.problem}`, places: [{ file: each.file, line: each.line }] }
}
const exportsName = (program: Program, name: string) =>
  [...program.modules.values()].some((facts) => Object.hasOwn(facts.exports, name) || facts.starExports.length > 0)
