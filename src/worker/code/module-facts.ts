import type { FeatureId } from '../assess/features.ts'

export const handlerNames = ['fetch', 'scheduled', 'queue', 'email', 'tail', 'trace', 'alarm'] as const
export interface Handler {
  readonly name: string
  readonly line: number
}
export interface ModuleImport {
  readonly from: string
  readonly line: number
  /** Local name → the other module's name for it (`default`, `*`). Empty for a bare or dynamic import. */
  readonly names: Readonly<Record<string, string>>
  readonly isTypeOnly: boolean
}
export interface FeatureUse {
  readonly feature: FeatureId
  readonly line: number
  readonly what: string
}
/** A name read from `env`. `feature` is what the call on it, or its type, says it is. */
export interface BindingUse {
  readonly name: string
  readonly line: number
  readonly feature: FeatureId | undefined
  /** The method called on it: `put`, `idFromName`. */
  readonly method: string | undefined
  /** A `put` with an expiration. */
  readonly expires?: boolean
  /** Only a text or member of the same name: enough to not call a binding unused. */
  readonly isHint: boolean
}
export interface GuardRoute {
  readonly kind: 'guard'
  readonly style: 'comparison' | 'switch' | 'prefix' | 'regex' | 'URLPattern' | 'table' | 'segment'
  readonly method: string | undefined
  readonly path: string
  readonly line: number
}
export interface RouterRoute {
  readonly kind: 'router'
  readonly style: string
  /** The variable that holds the router; undefined where it cannot be told. */
  readonly router: string | undefined
  readonly method: string | undefined
  readonly path: string
  readonly line: number
}
export type CodeRoute = GuardRoute | RouterRoute
/** `app.route('/api', api)`: everything of `inner` answers below `prefix`. */
export interface Mount {
  readonly router: string | undefined
  readonly prefix: string
  readonly inner: string
}
export interface RouterVariable {
  readonly name: string
  readonly library: string
  readonly base: string
  /** The function that makes and returns it. */
  readonly madeBy: string | undefined
}
export interface ClassFact {
  readonly name: string
  readonly line: number
  /** What it extends, as written. */
  readonly extends: string | undefined
  readonly methods: readonly string[]
}
/** What an assessment counts beside features: calls out, work on the CPU, personal data. */
export type SignalId =
  | 'fetch'
  | 'fetch-pass-through'
  | 'fetch-in-loop'
  | 'redirect'
  | 'cache-header'
  | 'auth'
  | 'cookie'
  | 'client-address'
  | 'geo'
  | 'form'
  | 'upload'
  | 'password-hash'
  | 'file-system'
  | 'log'
  | 'header-transform'
  | 'kv-write'
  | 'kv-expiring-write'
  | 'r2-write'
  | 'email-address'
  | 'socket-state'
  | 'node-server'
export interface Signal {
  readonly id: SignalId
  readonly line: number
  readonly what: string
}
/** All that one source file says. Pure data: joined over a program by `read-program.ts`. */
export interface ModuleFacts {
  readonly imports: readonly ModuleImport[]
  /** Exported name → what it is here (a local name), or where it comes from. */
  readonly exports: Readonly<Record<string, { readonly local?: string; readonly from?: string; readonly name?: string; readonly line: number }>>
  readonly starExports: readonly string[]
  readonly hasDefault: boolean
  /** Handlers of the default export, where they stand here; `defaultFrom` where it is imported. */
  readonly handlers: readonly Handler[]
  readonly defaultKind: 'object' | 'class' | 'call' | 'function' | 'unknown'
  /** The local name that is the default export, when it is one. */
  readonly defaultLocal: string | undefined
  readonly hasServerPort: boolean
  readonly listeners: readonly Handler[]
  readonly classes: readonly ClassFact[]
  readonly features: readonly FeatureUse[]
  readonly bindings: readonly BindingUse[]
  readonly dynamicEnv: readonly number[]
  /** Packages that `env` as a whole is handed to. */
  readonly envHandedTo: readonly string[]
  readonly typedBindings: Readonly<Record<string, { readonly feature: FeatureId; readonly line: number }>>
  /** Calls on what a written type says is a binding: a parameter `kv: KVNamespace`. */
  readonly typedCalls: readonly { readonly type: string; readonly method: string; readonly line: number; readonly expires: boolean }[]
  readonly routes: readonly CodeRoute[]
  readonly mounts: readonly Mount[]
  readonly routers: readonly RouterVariable[]
  readonly signals: readonly Signal[]
  readonly freeNames: ReadonlySet<string>
}
