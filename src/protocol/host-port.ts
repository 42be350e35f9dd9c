import type { AppName, HostId, InstanceId, LeaseNonce, MachineId, OrgSlug } from '../model/ids.ts'
import type { Region } from '../model/region/region.ts'
import type { MachineConfig } from '../model/machine/machine-config.ts'
import type { DesiredMachine, MachineLease, MachineReport } from '../model/machine/machine-record.ts'
import type { MachineState } from '../model/machine/machine-state.ts'
import type { LogLine, LogQuery } from './log-line.ts'

/**
 * What a host does for control. In one process it is a direct call; between processes it is HTTP + JSON with the same shapes.
 * Every change of a machine is durable at the host before its promise resolves, except a wake (design §5).
 * Faults: machine_not_found, machine_state, machine_version, lease_held, lease_not_found, wait_timeout, spawn_failed, insufficient_capacity …
 */
export interface HostPort {
  readonly hostId: HostId
  readonly region: Region
  /** Idempotent by id and instance id. `start` false leaves it created; else it is started, and the promise resolves when it is `starting`. */
  createMachine(order: MachineOrder): Promise<MachineReply>
  /** A whole new config under a new instance id. Restarts a running machine; a stopped one stays stopped. Idempotent by instance id. */
  updateMachine(order: MachineOrder, guard: Guard & { readonly currentVersion?: string }): Promise<MachineReply>
  destroyMachine(id: MachineId, options: Guard & { readonly force: boolean }): Promise<MachineReply>
  startMachine(id: MachineId, options: Guard): Promise<MachineReply & { readonly previousState: MachineState }>
  /** Resolves when the stop is on its way (state `stopping` or further); already stopped is no fault. A suspended machine loses its memory. */
  stopMachine(id: MachineId, options: Guard & StopOptions): Promise<MachineReply>
  suspendMachine(id: MachineId, options: Guard): Promise<MachineReply>
  restartMachine(id: MachineId, options: Guard & StopOptions & { readonly forceStop?: boolean }): Promise<MachineReply>
  signalMachine(id: MachineId, options: Guard & { readonly signal: string | number }): Promise<void>
  cordonMachine(id: MachineId, options: Guard & { readonly cordoned: boolean }): Promise<MachineReply>
  setMetadata(id: MachineId, change: Readonly<Record<string, string | null>>, guard: Guard): Promise<MachineReply>
  execMachine(id: MachineId, options: Guard & ExecOptions): Promise<ExecResult>
  /** Resolves when the machine is in one of `states`; `settled` is any state that does not pass by itself. Fault `wait_timeout`. */
  waitMachine(id: MachineId, options: WaitOptions): Promise<MachineReport>
  acquireLease(
    id: MachineId,
    options: { readonly ttlMs: number; readonly owner: string; readonly description: string; readonly nonce?: LeaseNonce },
  ): Promise<MachineLease>
  getLease(id: MachineId): Promise<MachineLease>
  releaseLease(id: MachineId, nonce: LeaseNonce): Promise<void>
  /** Destroyed machines stay readable for a while (flyctl reads exit codes then). */
  getMachine(id: MachineId): Promise<MachineReport>
  listMachines(app?: AppName): Promise<readonly MachineReport[]>
  versions(id: MachineId): Promise<readonly { readonly version: InstanceId; readonly user_config: MachineConfig }[]>
  processes(id: MachineId): Promise<readonly ProcessInfo[]>
  /**
   * Takes a started machine out of all edges, waits until none has a request in flight there, then stops or suspends it. A request that arrives
   * meanwhile calls it off, unless it is for a deploy: then it waits, for ten seconds at most after the stop, until the machine has a new version.
   * Resolves with what happened; `cancelled` also while an edge has no session with the host.
   */
  drainMachine(
    id: MachineId,
    options: { readonly mode: 'stop' | 'suspend'; readonly timeoutMs: number; readonly reason: 'idle' | 'deploy' },
  ): Promise<'stopped' | 'busy' | 'cancelled'>
  readLogs(query: LogQuery): Promise<readonly LogLine[]>
  followLogs(query: LogQuery, signal: AbortSignal): AsyncIterable<LogLine>
}

export interface MachineOrder {
  readonly desired: DesiredMachine
  readonly org: OrgSlug
  readonly start: boolean
  readonly cordoned?: boolean
  readonly leaseTtlMs?: number
  readonly leaseOwner?: string
}
export interface MachineReply {
  readonly report: MachineReport
  /** The store's revision of the published copy; absent while the store is away. */
  readonly publishedRevision?: number
}
/** While a machine is leased, changes need its nonce (fault lease_held). */
export interface Guard {
  readonly nonce?: LeaseNonce
  /** Who asks, for the event: user by default. */
  readonly source?: 'user' | 'flyd' | 'proxy' | 'schedule'
}
export interface StopOptions {
  readonly signal?: string | number
  readonly timeoutMs?: number
}
export interface ExecOptions {
  readonly argv: readonly string[]
  readonly stdin?: string
  readonly timeoutMs: number
}
export interface ExecResult {
  readonly exit_code: number
  readonly exit_signal: number
  readonly stdout: string
  readonly stderr: string
}
export interface WaitOptions {
  readonly states: readonly (MachineState | 'settled')[]
  readonly timeoutMs: number
  readonly instanceId?: InstanceId
  readonly fromEventId?: string
  readonly signal?: AbortSignal
}
export interface ProcessInfo {
  readonly pid: number
  readonly stime: number
  readonly rtime: number
  readonly command: string
  readonly directory: string
  readonly cpu: number
  readonly rss: number
  readonly listen_sockets: readonly { readonly proto: string; readonly address: string }[]
}
