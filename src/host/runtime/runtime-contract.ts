import type { MachineEndpoint } from '../../model/machine/machine-record.ts'
import type { AppName, InstanceId, MachineId, RegionCode } from '../../model/ids.ts'

/**
 * What a host starts machines with. One compliance suite (test/conformance/runtime) runs against every implementation.
 * A *run* is one start of a machine's program: `runId` names it, so that an exit of an old run is never taken for the new one's.
 */
export interface Runtime extends AsyncDisposable {
  readonly name: 'process' | 'container' | 'microvm' | 'workerd'
  /** Makes all that start needs (files unpacked, address reserved), so that start only starts. Idempotent. */
  prepare(spec: RunSpec): Promise<PreparedMachine>
  /** Resolves when the program runs (not when it listens). Fault spawn_failed. */
  start(spec: RunSpec, runId: string): Promise<RunHandle>
  /** Sends the signal, waits up to timeoutMs, then kills; resolves when all of the machine's processes are gone. */
  stop(machine: MachineId, runId: string, options: { readonly signal: string; readonly timeoutMs: number }): Promise<void>
  signal(machine: MachineId, runId: string, signal: string): Promise<void>
  suspend(machine: MachineId, runId: string): Promise<void>
  resume(machine: MachineId, runId: string): Promise<void>
  exec(
    spec: RunSpec,
    runId: string,
    options: { readonly argv: readonly string[]; readonly stdin?: string; readonly timeoutMs: number },
  ): Promise<{ exitCode: number; signal: number; stdout: string; stderr: string }>
  /** Removes what prepare made. Idempotent. */
  remove(machine: MachineId): Promise<void>
  /** Removes what a crash left of machines that are not among these, and what no image among these needs. Not while a machine is being made. */
  sweep(kept: { readonly machines: ReadonlySet<MachineId>; readonly images: ReadonlySet<string> }): Promise<void>
  /** After a restart of the daemon: what runs, and what ended meanwhile with its exit record. */
  adopt(): Promise<{ readonly running: readonly RunHandle[]; readonly exits: readonly RunExit[] }>
  /** The host has durably recorded this exit: the runtime may forget it. */
  acknowledgeExit(runId: string): Promise<void>
  /** Exits as they happen, and `lost` when the runtime's own supervisor died (all its runs are gone, nothing is known of them). */
  onEvent(listener: (event: RuntimeEvent) => void): Disposable
  usage(machine: MachineId, runId: string): Promise<{ readonly rssBytes: number; readonly cpuMs: number }>
  /** Pids of the run's processes, the main one first. */
  pids(machine: MachineId, runId: string): Promise<readonly number[]>
}

export interface RunSpec {
  readonly machine: MachineId
  readonly app: AppName
  readonly region: RegionCode
  readonly instanceId: InstanceId
  /** `bundle@sha256:…` for the process runtime; an OCI reference for containers. */
  readonly image: string
  /** The complete environment: nothing of the daemon's is added but PATH and what binding needs. */
  readonly env: Readonly<Record<string, string>>
  /** From config.init: replaces the image's command when given. */
  readonly argv?: readonly string[]
  readonly endpoint: MachineEndpoint
  /** The ports that services and checks name: for PORT, and for mapping. */
  readonly ports: readonly number[]
  readonly memoryMb: number
  /** How the platform's end ends it when no daemon is there to ask; SIGINT and 5 s by default (semantics §3.4). */
  readonly stop?: { readonly signal: string; readonly timeoutMs: number }
}
export interface PreparedMachine {
  readonly machine: MachineId
}
export interface RunHandle {
  readonly machine: MachineId
  readonly runId: string
  readonly pid: number
  readonly startedAtMs: number
  readonly suspended: boolean
}
export interface RunExit {
  readonly machine: MachineId
  readonly runId: string
  /** 128 + signal when a signal ended it, as a shell says it. */
  readonly exitCode: number
  readonly signal: number
  readonly oomKilled: boolean
  readonly exitedAtMs: number
  /** shutdown: the platform was taken down around it (`kante down`), its policy is not asked and it is brought back by the next `up`. */
  readonly cause: 'exit' | 'shutdown'
}
export type RuntimeEvent = { readonly type: 'exit'; readonly exit: RunExit } | { readonly type: 'lost' } | { readonly type: 'back' }
