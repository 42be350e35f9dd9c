import { tooLarge, type SourceFiles } from '../project/source-files.ts'
import { handlerNames, type ClassFact, type Handler, type ModuleFacts } from './module-facts.ts'
import { readModule } from './read-module.ts'
import { isCode, openResolver, type Resolver } from './resolve-import.ts'

export interface Place {
  readonly file: string
  /** From 1. */
  readonly line: number
}
/** A Worker's code: its entry and all that it imports inside the project. */
export interface Program {
  readonly modules: ReadonlyMap<string, ModuleFacts>
  readonly unreadable: readonly (Place & { readonly problem: string })[]
  /** Packages, and modules of the runtime (`node:fs`, `cloudflare:workers`), with where they are imported. */
  readonly packages: ReadonlyMap<string, readonly Place[]>
  readonly runtimeModules: ReadonlyMap<string, readonly Place[]>
  readonly missing: readonly (Place & { readonly name: string })[]
  /** What an import of a module means: a path of `modules`, or undefined. */
  target(from: string, specifier: string): string | undefined
}
export const maxModules = 5_000

/** Follows the imports of `entries`. `onFile` may throw to end it: a limit of time. */
export async function readProgram(
  files: SourceFiles,
  entries: readonly string[],
  alias: Readonly<Record<string, string>>,
  onFile: () => void,
): Promise<Program> {
  const resolver: Resolver = await openResolver(files, alias)
  const modules = new Map<string, ModuleFacts>()
  const unreadable: (Place & { problem: string })[] = []
  const packages = new Map<string, Place[]>()
  const runtimeModules = new Map<string, Place[]>()
  const missing: (Place & { name: string })[] = []
  const targets = new Map<string, string>()
  const seen = new Set(entries)
  const open = [...entries]
  const note = (map: Map<string, Place[]>, name: string, place: Place) => map.set(name, [...(map.get(name) ?? []), place])
  for (let path = open.shift(); path !== undefined; path = open.shift()) {
    if (modules.size >= maxModules) break
    onFile()
    const text = await files.read(path)
    if (text === undefined) continue
    const read = text === tooLarge ? { kind: 'unreadable' as const, line: 1, problem: 'larger than 2 MB' } : readModule(path, text)
    if (read.kind === 'unreadable') {
      unreadable.push({ file: path, line: read.line, problem: read.problem })
      continue
    }
    modules.set(path, read.facts)
    for (const each of read.facts.imports) {
      const place = { file: path, line: each.line }
      const found = await resolver.resolve(path, each.from)
      if (found.kind === 'package' && !each.isTypeOnly) note(packages, found.name, place)
      else if (found.kind === 'runtime') note(runtimeModules, found.name, place)
      else if (found.kind === 'missing' && !each.isTypeOnly) missing.push({ ...place, name: found.name })
      else if (found.kind === 'file') {
        targets.set(`${path}\n${each.from}`, found.path)
        if (!seen.has(found.path) && isCode(found.path)) {
          seen.add(found.path)
          open.push(found.path)
        }
      }
    }
  }
  return { modules, unreadable, packages, runtimeModules, missing, target: (from, specifier) => targets.get(`${from}\n${specifier}`) }
}

export interface EntryFacts {
  readonly format: 'modules' | 'service-worker' | 'none'
  readonly handlers: readonly (Handler & Place)[]
  readonly hasServerPort: boolean
}
/** What the entry module answers to, also when its default export comes from another module. */
export function entryOf(program: Program, entry: string): EntryFacts {
  const facts = program.modules.get(entry)
  if (facts === undefined) return { format: 'none', handlers: [], hasServerPort: false }
  if (facts.hasDefault) {
    const handlers = defaultHandlers(program, entry, 0)
    return { format: 'modules', handlers, hasServerPort: facts.hasServerPort }
  }
  const listeners = [...program.modules].flatMap(([file, each]) => each.listeners.map((listener) => ({ ...listener, file })))
  if (listeners.length > 0) return { format: 'service-worker', handlers: listeners, hasServerPort: false }
  const isOnlyClasses = facts.classes.some((each) => kindOfClass(each) !== undefined && facts.exports[each.name] !== undefined)
  return { format: isOnlyClasses ? 'modules' : 'none', handlers: [], hasServerPort: false }
}
function defaultHandlers(program: Program, path: string, depth: number): readonly (Handler & Place)[] {
  const facts = program.modules.get(path)
  if (facts === undefined || depth > 8) return []
  if (facts.handlers.length > 0 && facts.defaultKind !== 'unknown') return facts.handlers.map((each) => ({ ...each, file: path }))
  const own = facts.exports['default']
  const follow = own?.from !== undefined ? { from: own.from, name: own.name ?? 'default' } : importOf(facts, facts.defaultLocal)
  const next = follow === undefined ? undefined : program.target(path, follow.from)
  if (next === undefined) return follow === undefined || own === undefined ? [] : [{ name: 'fetch', line: own.line, file: path }]
  const found = follow?.name === 'default' ? defaultHandlers(program, next, depth + 1) : []
  return found.length > 0 ? found : [{ name: 'fetch', line: own?.line ?? 1, file: path }]
}
export function importOf(facts: ModuleFacts, local: string | undefined): { readonly from: string; readonly name: string } | undefined {
  if (local === undefined) return undefined
  for (const each of facts.imports) {
    const name = each.names[local]
    if (name !== undefined && Object.hasOwn(each.names, local)) return { from: each.from, name }
  }
  return undefined
}

export type ClassKind = 'durable object' | 'workflow' | 'entrypoint' | 'container'
export function kindOfClass(fact: ClassFact): ClassKind | undefined {
  const base = fact.extends?.split('.').at(-1) ?? ''
  if (/^(DurableObject|Server|YServer|Agent|AIChatAgent|McpAgent|Actor)$/.test(base)) return 'durable object'
  if (base === 'WorkflowEntrypoint' || base === 'AgentWorkflow') return 'workflow'
  if (base === 'WorkerEntrypoint') return 'entrypoint'
  if (base === 'Container') return 'container'
  return undefined
}
export const isHandlerName = (name: string) => (handlerNames as readonly string[]).includes(name)
