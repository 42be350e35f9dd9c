/** fly.toml as read: defaults not filled in, durations in milliseconds, legacy spellings gone (platform-semantics §7). */
export interface FlyConfig {
  readonly app?: string
  readonly primaryRegion?: string
  readonly killSignal?: string
  readonly killTimeoutMs?: number
  readonly swapSizeMb?: number
  readonly consoleCommand?: string
  readonly hostDedicationId?: string
  readonly build: BuildSection
  readonly deploy: DeploySection
  readonly env: Readonly<Record<string, string>>
  /** Process group → command; empty text means the image's own command. */
  readonly processes: Readonly<Record<string, string>>
  /** `[http_service]`, expanded, comes first. */
  readonly services: readonly ServiceSection[]
  readonly checks: readonly NamedCheck[]
  /** For every group; those of a service are the service's. */
  readonly machineChecks: readonly MachineCheckSection[]
  readonly mounts: readonly MountSection[]
  readonly vm: readonly VmSection[]
  readonly restart: readonly RestartSection[]
  readonly files: readonly FileSection[]
  readonly statics: readonly StaticSection[]
  readonly metrics: readonly MetricsSection[]
  readonly experimental: { readonly cmd?: readonly string[]; readonly entrypoint?: readonly string[]; readonly exec?: readonly string[] }
}

/** A section's `processes`: the groups it is for; none means the default group, for vm and statics all of them (§7.3). */
export interface ForGroups {
  readonly processes: readonly string[]
  readonly line: number
}
export interface BuildSection {
  readonly image?: string
  readonly dockerfile?: string
  readonly ignorefile?: string
  readonly buildTarget?: string
  readonly buildpacks?: readonly string[]
  readonly compression?: 'gzip' | 'zstd'
  readonly compressionLevel?: number
  readonly builder?: string
  readonly builtin?: string
  readonly args: Readonly<Record<string, string>>
}
export interface DeploySection {
  readonly strategy?: 'rolling' | 'immediate' | 'canary' | 'bluegreen'
  /** From 1 on a number of machines, below a share of them. */
  readonly maxUnavailable?: number
  readonly waitTimeoutMs?: number
  readonly releaseCommand?: string
  readonly releaseCommandTimeoutMs?: number
  /** The size of the release command's machine. */
  readonly releaseCommandVm?: VmSection
  readonly seedCommand?: string
}
export interface ServiceSection extends ForGroups {
  readonly origin: 'http_service' | 'services'
  readonly protocol: string
  readonly internalPort: number
  readonly autostop?: 'off' | 'stop' | 'suspend'
  readonly autostart?: boolean
  readonly minMachinesRunning?: number
  readonly concurrency?: { readonly type?: string; readonly softLimit?: number; readonly hardLimit?: number }
  readonly ports: readonly PortSection[]
  readonly checks: readonly CheckSection[]
  readonly machineChecks: readonly MachineCheckSection[]
}
export interface PortSection {
  readonly port?: number
  readonly startPort?: number
  readonly endPort?: number
  readonly handlers: readonly string[]
  readonly forceHttps?: boolean
  /** As in the file: machine config has the same keys. */
  readonly tlsOptions?: unknown
  readonly httpOptions?: unknown
  readonly proxyProtoOptions?: unknown
}
export interface CheckSection {
  readonly type: 'tcp' | 'http'
  readonly intervalMs?: number
  readonly timeoutMs?: number
  readonly graceMs?: number
  readonly method?: string
  readonly path?: string
  readonly protocol?: string
  readonly tlsSkipVerify?: boolean
  readonly tlsServerName?: string
  readonly headers?: readonly { readonly name: string; readonly values: readonly string[] }[]
}
export interface NamedCheck extends CheckSection, ForGroups {
  readonly name: string
  readonly port?: number
}
export interface MachineCheckSection {
  readonly command: readonly string[]
  readonly line: number
  /** The app's own otherwise. */
  readonly image?: string
  readonly entrypoint?: readonly string[]
  readonly killSignal?: string
  readonly killTimeoutMs?: number
}
export interface MountSection extends ForGroups {
  readonly source: string
  readonly destination: string
  readonly initialSizeGb?: number
  readonly snapshotRetention?: number
  readonly hasScheduledSnapshots?: boolean
  readonly extendThresholdPercent?: number
  readonly extendByGb?: number
  readonly extendToGb?: number
}
export interface VmSection extends ForGroups {
  readonly size?: string
  readonly memoryMb?: number
  readonly cpus?: number
  readonly cpuKind?: string
  readonly gpus?: number
  readonly gpuKind?: string
  readonly kernelArgs?: readonly string[]
  readonly hostDedicationId?: string
  readonly persistRootfs?: string
  readonly maxMemoryMb?: number
}
export interface RestartSection extends ForGroups {
  readonly policy: 'never' | 'on-failure' | 'always'
  readonly retries?: number
}
export interface FileSection extends ForGroups {
  readonly guestPath: string
  readonly content:
    | { readonly kind: 'raw'; readonly value: string }
    | { readonly kind: 'local'; readonly path: string }
    | { readonly kind: 'secret'; readonly name: string }
}
export interface StaticSection {
  readonly guestPath: string
  readonly urlPrefix: string
  readonly tigrisBucket?: string
  readonly indexDocument?: string
}
export interface MetricsSection extends ForGroups {
  readonly port: number
  readonly path: string
  readonly https?: boolean
}
