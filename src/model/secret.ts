import { fault } from './fault/fault.ts'
import type { AppName, OrgSlug } from './ids.ts'
import type { MachineConfig } from './machine/machine-config.ts'

/** `secret/<app>/<NAME>`: what a secret is and was, sealed. Newest first; the older ones are what releases that still run were given. */
export interface SecretRecord {
  readonly schema: 1
  readonly org: OrgSlug
  readonly app: AppName
  readonly name: string
  readonly createdAt: string
  readonly versions: readonly SecretVersion[]
}
export interface SecretVersion {
  /** Of the app's secrets as a whole, when this came to be. */
  readonly version: number
  readonly at: string
  /** None: unset. */
  readonly value?: SealedValue
}
export interface SealedValue {
  readonly sealed: string
  /** Keyed: tells that two values are the same only to who has the key. */
  readonly digest: string
}
/** `secret-set/<app>`: counts every change of the app's secrets. */
export interface SecretSet {
  readonly schema: 1
  readonly app: AppName
  readonly version: number
  readonly updatedAt: string
}

/** The number of the release that a machine runs, which says what secrets it is given; undefined for one that no deploy made. */
export function releaseOf(config: MachineConfig): number | undefined {
  const text = config.metadata?.['fly_release_version']
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined
}

export const secretLimits = { valueBytes: 64 * 1024, names: 256, atOnce: 64 } as const

const namePattern = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/
export const isSecretName = (text: string): boolean => namePattern.test(text)
/** The name of an environment variable. */
export function parseSecretName(text: string): string {
  if (!isSecretName(text)) {
    const rule = 'letters, digits and underscores, 1–128 characters, not starting with a digit'
    throw fault('invalid_value', { field: 'secret name', found: text.slice(0, 128), rule })
  }
  return text
}

/** What the secret was at a version of the set, the newest without one; undefined when it was first set later. */
export const valueAt = ({ versions }: SecretRecord, version: number | undefined): SecretVersion | undefined =>
  version === undefined ? versions[0] : versions.find((found) => found.version <= version)

/**
 * The record without what no release of `oldest` or later was given; undefined when nothing is left that is worth a record: it is unset, for everyone.
 */
export function pruned(record: SecretRecord, oldest: number): SecretRecord | undefined {
  const needed = record.versions.findIndex((found) => found.version <= oldest)
  const versions = needed < 0 ? record.versions : record.versions.slice(0, needed + 1)
  if (versions.every((found) => found.value === undefined)) return undefined
  return versions.length === record.versions.length ? record : { ...record, versions }
}

export type SecretStatus = 'Deployed' | 'Staged' | 'Partial' | 'Unknown'
/** `has`: for each machine that counts, whether it was started with the secret as it is now. */
export function statusOf(has: readonly boolean[]): SecretStatus {
  if (has.length === 0) return 'Staged'
  if (has.every(Boolean)) return 'Deployed'
  return has.some(Boolean) ? 'Partial' : 'Staged'
}
