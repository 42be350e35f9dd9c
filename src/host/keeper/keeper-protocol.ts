/**
 * What a keeper and its clients say to each other: lines of JSON over a unix socket. The keeper greets with its `hello`; a request carries
 * an `id` that its answer repeats; events come unasked. A keeper outlives daemons, so a client must understand one version back.
 */
export const keeperProtocol = 1

/** Longest request a keeper reads, bytes: an environment and its command. */
export const requestLimitBytes = 2 * 1024 * 1024
/** Longest answer a client reads, bytes: two escaped outputs of `exec`. */
export const answerLimitBytes = 16 * 1024 * 1024
/** What `exec` keeps of each output, bytes. */
export const execOutputLimitBytes = 1024 * 1024

export interface KeeperHello {
  readonly protocol: number
  /** Random, new with every keeper. */
  readonly keeperId: string
  /** The operating system's boot: pids of another boot mean nothing. */
  readonly bootId: string
  readonly pid: number
  /** With the pid names a process for ever (process-table). */
  readonly startTime: string
  readonly startedAtMs: number
}

export interface ListenSpec {
  readonly address: string
  /** 0: any free port; the answer has the real one. */
  readonly port: number
  readonly reusePort?: boolean
}
export interface LogSpec {
  readonly file: string
  /** ndjson: `{id, level, message}` a line. raw: the program's own lines, which are JSON already. */
  readonly format: 'ndjson' | 'raw'
  /** Two files of this size are kept: the one written to and the one before. */
  readonly maxBytes?: number
}
export interface StopSpec {
  readonly signal: string
  readonly timeoutMs: number
}

export interface SpawnRequest {
  /** Names this run in all that follows; a second spawn of a running one answers the first. A machine's is used once, a service's again after its end. */
  readonly runId: string
  readonly kind: 'machine' | 'service'
  readonly argv: readonly string[]
  readonly cwd: string
  /** The complete environment. Never written to disk. */
  readonly env: Readonly<Record<string, string>>
  readonly log: LogSpec
  /** Given back by `list` and with the exit. */
  readonly meta: Readonly<Record<string, string>>
  /** How `shutdown` ends it. */
  readonly stop: StopSpec
  /** Sockets bound by the keeper, the child's descriptors 3, 4 …; they stay bound while the child is away. */
  readonly listen?: readonly ListenSpec[]
  /** Started anew when it ends, after a pause that doubles from min to max. */
  readonly respawn?: { readonly minMs: number; readonly maxMs: number }
}
export interface ExecRequest {
  /** The machine's run: its end ends the command. */
  readonly runId: string
  readonly argv: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly timeoutMs: number
}
export interface ExecAnswer {
  /** 128 + signal when a signal ended it. */
  readonly exitCode: number
  readonly signal: number
  readonly stdout: string
  readonly stderr: string
  readonly isTimedOut: boolean
}

export interface RunInfo {
  readonly runId: string
  readonly kind: 'machine' | 'service'
  /** 0 while a service waits to be started anew. */
  readonly pid: number
  readonly startTime: string
  readonly startedAtMs: number
  readonly suspended: boolean
  readonly restarts: number
  readonly meta: Readonly<Record<string, string>>
  readonly listen: readonly ListenSpec[]
}
export interface ExitInfo {
  readonly runId: string
  readonly kind: 'machine' | 'service'
  /** 128 + signal when a signal ended it. */
  readonly exitCode: number
  readonly signal: number
  readonly startedAtMs: number
  readonly exitedAtMs: number
  /** shutdown: the keeper was told to end everything. */
  readonly cause: 'exit' | 'shutdown'
  readonly meta: Readonly<Record<string, string>>
}

/** Every command with what it takes and what it answers. */
export interface KeeperCommands {
  readonly ping: { readonly takes: object; readonly answers: object }
  readonly spawn: { readonly takes: SpawnRequest; readonly answers: RunInfo }
  /** To the whole process group. SIGSTOP and SIGCONT change `suspended`. */
  readonly signal: { readonly takes: { readonly runId: string; readonly signal: string }; readonly answers: object }
  /** Signal, wait, kill; answers when no process of the run is left. A service is not started anew. */
  readonly end: { readonly takes: { readonly runId: string } & StopSpec; readonly answers: object }
  readonly exec: { readonly takes: ExecRequest; readonly answers: ExecAnswer }
  readonly list: { readonly takes: object; readonly answers: { readonly runs: readonly RunInfo[]; readonly exits: readonly ExitInfo[] } }
  readonly ackExit: { readonly takes: { readonly runId: string }; readonly answers: object }
  /** Ends machines, then services, each by its own signal and timeout, then the keeper. Answers when all are gone. */
  readonly shutdown: { readonly takes: object; readonly answers: object }
}
export type KeeperCommand = keyof KeeperCommands

export type KeeperErrorCode =
  | 'bad_request'
  | 'no_such_run'
  | 'already_ended'
  | 'spawn_failed'
  | 'address_in_use'
  | 'listen_failed'
  | 'shutting_down'
  | 'internal'
  /** Said by the client: the keeper died or the connection broke before the answer. */
  | 'lost'
export interface KeeperErrorBody {
  readonly code: KeeperErrorCode
  readonly message: string
}
export type FromKeeper =
  | { readonly hello: KeeperHello }
  | { readonly id: number; readonly answer: object }
  | { readonly id: number; readonly error: KeeperErrorBody }
  | { readonly event: 'exit'; readonly exit: ExitInfo }
  | { readonly event: 'respawn'; readonly run: RunInfo; readonly last: { readonly exitCode: number; readonly signal: number } }
export type ToKeeper = { readonly id: number; readonly command: KeeperCommand } & Readonly<Record<string, unknown>>

/** An error that crosses the socket as its code and message. */
export class KeeperError extends Error {
  override readonly name = 'KeeperError'
  readonly code: KeeperErrorCode
  constructor(code: KeeperErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
