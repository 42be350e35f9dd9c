import type { AppName, DeployId, Digest, OrgSlug, RegionCode, ReleaseId } from './ids.ts'
import type { MachineConfig } from './machine/machine-config.ts'

export interface Org {
  readonly schema: 1
  readonly slug: OrgSlug
  readonly name: string
  readonly createdAt: string
}

export interface App {
  readonly schema: 1
  readonly id: string
  readonly name: AppName
  readonly org: OrgSlug
  readonly network: string
  readonly status: 'pending' | 'deployed' | 'suspended'
  readonly primaryRegion?: RegionCode
  /** Being destroyed: no machine is added any more. */
  readonly isClosing?: true
  /** Of the request that made it: the same request again is answered with the same app. */
  readonly idempotencyKey?: string
  readonly createdAt: string
}

/** One deployed version of an app: `release/<app>/<version, 8 digits>`. */
export interface Release {
  readonly schema: 1
  readonly id: ReleaseId
  readonly app: AppName
  readonly version: number
  readonly image: string
  readonly status: 'pending' | 'running' | 'complete' | 'failed' | 'interrupted'
  readonly strategy: string
  /** The version of the app's secrets that its machines are given (docs/adr/0022); those of older records get the newest. */
  readonly secretsVersion?: number
  /** fly.toml as JSON, as the client sent it. */
  readonly definition: unknown
  /** Machine config per process group, and how it was deployed: what a rollback needs. Missing in older records. */
  readonly deployed?: {
    readonly groups: Readonly<Record<string, MachineConfig>>
    readonly waitTimeoutMs: number
    readonly machineChecks?: Readonly<Record<string, readonly MachineConfig[]>>
  }
  /** Of a rollback: the release whose definition and image it has. */
  readonly rollbackOf?: number
  readonly createdBy: string
  readonly createdAt: string
}

/** What a host runs with the process runtime: layers of files and a command. Image reference: `bundle@sha256:…` of this record. */
export interface Bundle {
  readonly schema: 1
  readonly digest: Digest
  readonly app: AppName
  readonly layers: readonly { readonly digest: Digest; readonly sizeBytes: number; readonly role: 'source' | 'dependencies' }[]
  readonly start: { readonly kind: 'command'; readonly argv: readonly string[] } | { readonly kind: 'static'; readonly root: string }
  readonly env: Readonly<Record<string, string>>
  readonly createdAt: string
}

export type DeployStep = 'planned' | 'updating' | 'done'
export interface DeployRef {
  readonly id: DeployId
  readonly app: AppName
}
