import type { AppName, MachineId } from '../model/ids.ts'

/**
 * Where a host gets what it may not keep: the secrets of apps that have a machine there, for the start of that machine. In one process a direct call.
 * Faults: machine_not_found when the machine is not that host's, secrets_unavailable.
 */
export interface SecretSource {
  secretsOf(wanted: SecretsWanted): Promise<Readonly<Record<string, string>>>
}
export interface SecretsWanted {
  readonly app: AppName
  readonly machine: MachineId
  /** The release that the machine runs: it gets the secrets that the release was made with. None: the newest. */
  readonly release?: number
  /** Of this version or later, where the release was made with older ones. */
  readonly atLeast?: number
}
