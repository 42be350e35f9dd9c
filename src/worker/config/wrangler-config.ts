import type { FeatureId } from '../assess/features.ts'

/** `line` counts from 1. */
export interface ConfigBinding {
  readonly name: string
  readonly feature: FeatureId
  readonly target: string | undefined
  readonly line: number
}
/** Something else of the config that counts: a cron trigger, a queue's consumer, a route. */
export interface ConfigLine {
  readonly text: string
  readonly line: number
}
/** What one environment has; the top level is the one without a name. wrangler inherits no binding and no variable. */
export interface ConfigScope {
  readonly env: string | undefined
  readonly line: number
  readonly bindings: readonly ConfigBinding[]
  readonly crons: readonly ConfigLine[]
  readonly consumers: readonly ConfigLine[]
  /** Patterns of routes; those that are whole host names of their own (custom domains) apart. */
  readonly zoneRoutes: readonly ConfigLine[]
  readonly customDomains: readonly ConfigLine[]
  /** Features that the config alone shows (containers, tail consumers, unsafe …). */
  readonly other: readonly { readonly feature: FeatureId; readonly line: number }[]
  /** Durable Object and Workflow classes of this Worker's own code. */
  readonly classes: readonly { readonly name: string; readonly kind: 'durable-objects' | 'workflows'; readonly line: number }[]
  readonly cpuMs: ConfigLine | undefined
  readonly main: ConfigLine | undefined
  readonly name: ConfigLine | undefined
}
/** A wrangler config as far as an assessment needs it. */
export interface WranglerConfig {
  readonly file: string
  readonly top: ConfigScope
  readonly environments: readonly ConfigScope[]
  readonly compatibilityDate: string | undefined
  readonly compatibilityFlags: readonly ConfigLine[]
  readonly pagesOutput: ConfigLine | undefined
  readonly buildCommand: ConfigLine | undefined
  readonly assetsDirectory: ConfigLine | undefined
  readonly readsAllModules: boolean
  /** `alias`: module name → file or package. */
  readonly alias: Readonly<Record<string, string>>
  readonly requiredSecrets: readonly ConfigLine[]
  /** Sent to Cloudflare's logs: `observability`, `logpush`. */
  readonly logs: readonly ConfigLine[]
  /** Wrong or unusual things that do not stop an assessment. */
  readonly warnings: readonly ConfigLine[]
}
