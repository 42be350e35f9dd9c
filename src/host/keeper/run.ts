import type { ChildProcess } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import { killProcessesOf, runMarker } from './end-processes.ts'
import { execProgram } from './exec-program.ts'
import { type ExecAnswer, type ExecRequest, type ExitInfo, KeeperError, type RunInfo, type SpawnRequest, type StopSpec } from './keeper-protocol.ts'
import type { ListeningSocket } from './listening-sockets.ts'
import { openLogFile } from './log-file.ts'
import type { LogIds } from './log-id.ts'
import type { OutputPipe, OutputPipes } from './output-pipes.ts'
import { readProcess, sendSignal } from './process-table.ts'
import { openRunOutput, type RunOutput } from './run-output.ts'
import type { RunRecords } from './run-records.ts'
import { type Program, type ProgramEnd, programEnd, spawnProgram } from './spawn-program.ts'

/** What the pipes of an ended run may still deliver is read for this long. */
const outputWaitMs = 1_000
/** A service that ran this long has a clean slate: its next pause is the shortest again. */
const steadyAfterMs = 10_000

export interface RunDeps {
  readonly clock: Clock
  readonly log: Log
  readonly ids: LogIds
  readonly records: RunRecords
  readonly pipes: OutputPipes
  readonly bootId: string
  /** The host's folder. */
  readonly dir: string
  /** Called with the exit after it was recorded. */
  readonly onEnded: (exit: ExitInfo) => void
  readonly onRespawn: (run: RunInfo, last: ProgramEnd) => void
}

/** One program under the keeper's care, from its spawn until its exit is recorded; a service may have several processes one after the other. */
export class Run {
  readonly #deps: RunDeps
  readonly #request: SpawnRequest
  readonly #sockets: readonly ListeningSocket[]
  readonly #output: RunOutput
  readonly #marker: Readonly<Record<string, string>>
  readonly #ended = Promise.withResolvers<void>()
  readonly #over = new AbortController()
  #child: ChildProcess | undefined
  #pid = 0
  #startTime = ''
  #startedAtMs = 0
  #isSuspended = false
  #restarts = 0
  #pauseMs: number
  #endCause: ExitInfo['cause'] | undefined
  #respawnTimer: Disposable | undefined
  #lastEnd: ProgramEnd = { exitCode: 0, signal: 0 }

  constructor(deps: RunDeps, request: SpawnRequest, sockets: readonly ListeningSocket[]) {
    this.#deps = deps
    this.#request = request
    this.#sockets = sockets
    this.#marker = runMarker(deps.dir, request.runId)
    this.#pauseMs = request.respawn?.minMs ?? 0
    mkdirSync(dirname(request.log.file), { recursive: true, mode: 0o700 })
    const file = openLogFile({
      ...request.log,
      onError: (error) => deps.log.warn('log lines are lost', { run: request.runId, error }),
    })
    this.#output = openRunOutput({ clock: deps.clock, file, ids: deps.ids }, request.log.format)
  }

  get kind(): SpawnRequest['kind'] {
    return this.#request.kind
  }
  /** Resolves when the exit is recorded. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }
  get stop(): StopSpec {
    return this.#request.stop
  }
  get info(): RunInfo {
    const { runId, kind, meta } = this.#request
    const listen = this.#sockets.map(({ address, port }) => ({ address, port }))
    const process = { pid: this.#pid, startTime: this.#startTime, startedAtMs: this.#startedAtMs, suspended: this.#isSuspended }
    return { runId, kind, ...process, restarts: this.#restarts, meta, listen }
  }

  /** Fault spawn_failed: then there is no run and no exit. */
  async start(): Promise<void> {
    try {
      await this.#spawn()
    } catch (error) {
      this.#deps.records.removeRun(this.#request.runId)
      await this.#output.finish(0)
      throw error
    }
  }

  signal(name: NodeJS.Signals): void {
    if (this.#child === undefined) throw new KeeperError('no_such_run', `run ${this.#request.runId} has no process now`)
    sendSignal(-this.#pid, name)
    if (name === 'SIGSTOP') this.#isSuspended = true
    if (name === 'SIGCONT') this.#isSuspended = false
  }

  /** Resolves when no process is left and the exit is recorded. */
  async end(stop: StopSpec, cause: ExitInfo['cause'] = 'exit'): Promise<void> {
    this.#endCause ??= cause
    if (this.#respawnTimer !== undefined) {
      this.#respawnTimer[Symbol.dispose]()
      this.#respawnTimer = undefined
      void this.#finish(this.#lastEnd)
    } else if (this.#child !== undefined) {
      // A stopped process would only keep the signal for later; its memory is given up.
      sendSignal(-this.#pid, this.#isSuspended ? 'SIGKILL' : (stop.signal as NodeJS.Signals))
    }
    using _kill = this.#deps.clock.timer(stop.timeoutMs, () => {
      if (this.#child !== undefined) sendSignal(-this.#pid, 'SIGKILL')
    })
    await this.#ended.promise
  }

  exec(request: ExecRequest): Promise<ExecAnswer> {
    if (this.#child === undefined || this.#isSuspended) throw new KeeperError('no_such_run', `run ${this.#request.runId} does not run now`)
    return execProgram(this.#deps.clock, this.#marked(request), this.#over.signal)
  }

  #marked<P extends Program>(program: P): P {
    return { ...program, env: { ...program.env, ...this.#marker } }
  }

  async #spawn(): Promise<void> {
    this.#record(0, '', (error) => {
      throw new KeeperError('internal', `its record cannot be written: ${error instanceof Error ? error.message : String(error)}`, error)
    })
    const fds = this.#sockets.map((socket) => socket.fd)
    const pipe = await this.#deps.pipes.take()
    const child = await this.#startChild(pipe, fds)
    this.#child = child
    this.#pid = child.pid ?? 0
    this.#startTime = readProcess(this.#pid)?.startTime ?? ''
    this.#startedAtMs = this.#deps.clock.now()
    this.#isSuspended = false
    child.once('exit', (code, signal) => void this.#onExit(programEnd(code, signal)))
    this.#output.attach((onChunk) => pipe.read(onChunk))
    // It runs: without its pid on record an orphan of it is still found by its marker.
    this.#record(this.#pid, this.#startTime, (error) => this.#deps.log.error('the pid of a run could not be recorded', { pid: this.#pid, error }))
  }

  #record(pid: number, startTime: string, onFailure: (error: unknown) => void): void {
    const { records, bootId } = this.#deps
    const { runId, kind } = this.#request
    try {
      records.writeRun({ runId, kind, bootId, pid, startTime })
    } catch (error) {
      onFailure(error)
    }
  }

  async #startChild(pipe: OutputPipe, fds: readonly number[]): Promise<ChildProcess> {
    try {
      return await spawnProgram(this.#marked(this.#request), ['ignore', pipe.writeFd, pipe.writeFd, ...fds])
    } catch (error) {
      pipe.discard()
      throw error
    } finally {
      pipe.started()
    }
  }

  async #onExit(end: ProgramEnd): Promise<void> {
    const { clock, log } = this.#deps
    this.#child = undefined
    this.#lastEnd = end
    const processes = { marker: this.#marker, leader: this.#pid, startTime: this.#startTime }
    if (!(await killProcessesOf(processes, (ms) => clock.sleep(ms)))) log.error('processes of an ended run cannot be killed', processes)
    if (this.#request.respawn === undefined || this.#endCause !== undefined) return this.#finish(end)
    if (clock.now() - this.#startedAtMs > steadyAfterMs) this.#pauseMs = this.#request.respawn.minMs
    this.#pid = 0
    this.#schedule()
  }

  #schedule(): void {
    const pauseMs = this.#pauseMs
    this.#pauseMs = Math.min(Math.max(pauseMs * 2, 1), this.#request.respawn?.maxMs ?? pauseMs)
    this.#respawnTimer = this.#deps.clock.timer(pauseMs, () => void this.#respawn())
  }

  async #respawn(): Promise<void> {
    this.#respawnTimer = undefined
    try {
      await this.#spawn()
    } catch (error) {
      this.#deps.log.error('a service cannot be started', { run: this.#request.runId, error })
      if (this.#endCause === undefined) return this.#schedule()
      return this.#finish(this.#lastEnd)
    }
    this.#restarts++
    this.#deps.onRespawn(this.info, this.#lastEnd)
    if (this.#endCause !== undefined) sendSignal(-this.#pid, 'SIGKILL')
  }

  async #finish(end: ProgramEnd): Promise<void> {
    const { clock, records, log } = this.#deps
    const { runId, kind, meta } = this.#request
    const exitedAtMs = clock.now()
    this.#over.abort()
    await this.#output.finish(outputWaitMs)
    const exit: ExitInfo = { runId, kind, ...end, startedAtMs: this.#startedAtMs, exitedAtMs, cause: this.#endCause ?? 'exit', meta }
    try {
      // A service's end needs no answer: whoever wants it starts it again.
      if (kind === 'machine') await records.writeExit(exit)
    } catch (error) {
      // Better told and lost by a crash than never told.
      log.error('an exit could not be recorded', { run: runId, error })
    }
    records.removeRun(runId)
    this.#deps.onEnded(exit)
    this.#ended.resolve()
  }
}
