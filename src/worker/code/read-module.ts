import type { ModuleFacts } from './module-facts.ts'
import { readNames } from './names.ts'
import { parseSource } from './parse-source.ts'
import { readBindings } from './read-bindings.ts'
import { readExports } from './read-exports.ts'
import { readGuards } from './read-guards.ts'
import { readRouters } from './read-routers.ts'
import { readUses } from './read-uses.ts'

export type ReadModule =
  | { readonly kind: 'facts'; readonly facts: ModuleFacts }
  | { readonly kind: 'unreadable'; readonly line: number; readonly problem: string }

/** Reads one source file. Never throws for what is in it. */
export function readModule(file: string, text: string): ReadModule {
  const parsed = parseSource(file, text)
  if (parsed.kind === 'unreadable') return parsed
  try {
    const { tree } = parsed
    const names = readNames(tree)
    const { routers, routes, mounts } = readRouters(tree, names)
    const uses = readUses(tree, names)
    // What a router was told is no comparison: the same line counts once.
    const told = new Set(routes.map((route) => route.line))
    const guards = readGuards(tree, names).filter((guard) => !told.has(guard.line))
    return {
      kind: 'facts',
      facts: {
        imports: names.imports,
        ...readExports(tree, names),
        ...readBindings(tree, names),
        ...uses,
        routes: [...routes, ...guards],
        mounts,
        routers,
      },
    }
  } catch (error) {
    // Names that stand for one another in long chains: a file nobody wrote by hand.
    if (error instanceof RangeError) return { kind: 'unreadable', line: 1, problem: 'nested too deep' }
    throw error
  }
}
