/**
 * The config as it travels and as it is stored: Fly.io's JSON, unknown keys included, never rewritten.
 * `service.ts`, `check.ts` and `restart-policy.ts` read it into normalised forms.
 */
export interface MachineConfig {
  readonly image: string
  readonly env?: Readonly<Record<string, string>>
  readonly metadata?: Readonly<Record<string, string>>
  readonly init?: {
    readonly exec?: readonly string[]
    readonly entrypoint?: readonly string[]
    readonly cmd?: readonly string[]
    readonly [key: string]: unknown
  }
  readonly guest?: { readonly cpu_kind?: string; readonly cpus?: number; readonly memory_mb?: number; readonly [key: string]: unknown }
  readonly services?: readonly RawService[]
  readonly checks?: Readonly<Record<string, RawCheck>>
  readonly restart?: { readonly policy?: string; readonly max_retries?: number }
  readonly stop_config?: { readonly signal?: string | number; readonly timeout?: string | number }
  readonly auto_destroy?: boolean
  readonly schedule?: string
  readonly mounts?: readonly unknown[]
  readonly standbys?: readonly string[]
  readonly size?: string
  readonly [key: string]: unknown
}
export interface RawService {
  readonly protocol?: string
  readonly internal_port?: number
  readonly ports?: readonly RawPort[]
  readonly concurrency?: { readonly type?: string; readonly soft_limit?: number; readonly hard_limit?: number }
  readonly autostart?: boolean
  readonly autostop?: boolean | string
  readonly min_machines_running?: number
  readonly checks?: readonly RawCheck[]
  readonly [key: string]: unknown
}
export interface RawPort {
  readonly port?: number
  readonly start_port?: number
  readonly end_port?: number
  readonly handlers?: readonly string[]
  readonly force_https?: boolean
  readonly [key: string]: unknown
}
export interface RawCheck {
  readonly type?: string
  readonly port?: number
  /** Go duration, or an integer of nanoseconds. */
  readonly interval?: string | number
  readonly timeout?: string | number
  readonly grace_period?: string | number
  readonly method?: string
  readonly path?: string
  readonly protocol?: string
  readonly headers?: readonly { readonly name: string; readonly values: readonly string[] }[] | undefined
  readonly [key: string]: unknown
}
