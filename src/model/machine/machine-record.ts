import type { AppName, HostId, InstanceId, LeaseNonce, MachineId, OrgSlug, RegionCode } from '../ids.ts'
import type { MachineConfig } from './machine-config.ts'
import type { MachineState } from './machine-state.ts'

/** `machine/<app>/<id>` in the store, written by control only: what a host was ordered to have. */
export interface DesiredMachine {
  readonly schema: 1
  readonly id: MachineId
  readonly org: OrgSlug
  readonly app: AppName
  readonly name: string
  readonly region: RegionCode
  readonly host: HostId
  readonly instanceId: InstanceId
  /** Counts the versions of the config, from 1. */
  readonly version: number
  readonly config: MachineConfig
  /** Who gave this config has set secrets before: those of this version or later, where the release says older ones. */
  readonly minSecretsVersion?: number
  /** pending: the order is on its way. accepted: the host has it. destroying: the host is asked to end it. */
  readonly order: 'pending' | 'accepted' | 'destroying'
  /** Of a pending first version: how it was to be created, so that the order can be sent again. */
  readonly launch?: { readonly start: boolean; readonly cordoned: boolean }
  readonly createdAt: string
  readonly updatedAt: string
}

/** Where a machine's ports are reached from its own computer. */
export interface MachineEndpoint {
  readonly address: string
  /** Only where machines have no address of their own: the port outside for a port inside. */
  readonly portMap?: Readonly<Record<string, number>>
}
export const endpointPort = (endpoint: MachineEndpoint, internalPort: number): number => endpoint.portMap?.[String(internalPort)] ?? internalPort

export type CheckState = 'passing' | 'warning' | 'critical'
/** One check's last result. Service checks are named `servicecheck-NN-proto-port`, NN counting the services' checks from 00. */
export interface CheckStatus {
  readonly name: string
  readonly status: CheckState
  readonly output: string
  /** RFC 3339 */
  readonly updatedAt: string
  /** Set on service checks: the internal port that it decides routing for. */
  readonly servicePort?: number
}

/** `machine-state/<app>/<id>` in the store, written by the machine's host only: its published copy. */
export interface ObservedMachine {
  readonly schema: 1
  readonly id: MachineId
  readonly org: OrgSlug
  readonly app: AppName
  readonly region: RegionCode
  readonly host: HostId
  readonly instanceId: InstanceId
  readonly state: MachineState
  /** Grows with every change of this machine that routing may care about; a copy with a lower number is stale. */
  readonly seq: number
  readonly draining: boolean
  readonly cordoned: boolean
  /** False while a started machine's service ports do not accept yet; edges hold requests meanwhile. */
  readonly isOpen?: boolean
  readonly endpoint: MachineEndpoint
  readonly checks: readonly CheckStatus[]
  readonly updatedAt: string
}

export interface ExitEvent {
  readonly exit_code: number
  readonly guest_exit_code: number
  readonly guest_signal: number
  readonly signal: number
  readonly oom_killed: boolean
  readonly requested_stop: boolean
  readonly restarting: boolean
  /** RFC 3339, never empty. */
  readonly exited_at: string
}
/** `event/<app>/<id>` holds the newest 50, newest first; shape as on the wire (flyctl-contract §3.8). */
export interface MachineEvent {
  readonly id: string
  readonly type: 'launch' | 'start' | 'exit' | 'stop' | 'restart' | 'update' | 'destroy' | 'suspend' | 'resume' | 'cordon' | 'uncordon' | 'drain'
  readonly status: string
  readonly source: 'user' | 'flyd' | 'proxy' | 'schedule'
  /** milliseconds since 1970 */
  readonly timestamp: number
  readonly request?: { readonly exit_event?: ExitEvent; readonly restart_count?: number }
}

export interface MachineLease {
  readonly nonce: LeaseNonce
  readonly owner: string
  readonly description: string
  /** unix seconds */
  readonly expiresAt: number
  readonly version: InstanceId
}

/** The state by which edges route: a machine that runs but does not accept yet is still starting, to them only. */
export const routingState = (machine: { readonly state: MachineState; readonly isOpen?: boolean }): MachineState =>
  machine.state === 'started' && machine.isOpen === false ? 'starting' : machine.state

/** What a host says of one of its machines: its truth, read from its own database. */
export interface MachineReport {
  readonly observed: ObservedMachine
  readonly name: string
  readonly version: number
  readonly config: MachineConfig
  readonly createdAt: string
  readonly events: readonly MachineEvent[]
  readonly lease?: MachineLease
}
