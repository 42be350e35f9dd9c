import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import {
  type ExitInfo,
  type FromKeeper,
  KeeperError,
  type KeeperCommand,
  type KeeperCommands,
  type ListenSpec,
  type SpawnRequest,
} from './keeper-protocol.ts'
import { bindSocket, type ListeningSocket } from './listening-sockets.ts'
import { logIds } from './log-id.ts'
import { openOutputPipes } from './output-pipes.ts'
import { Run } from './run.ts'
import { isRunId, openRunRecords } from './run-records.ts'
import { isSignal } from './spawn-program.ts'

/** All that a keeper does, without its socket. It decides nothing: every start, signal and end is somebody's order; only services come back by themselves. */
export interface KeeperHost {
  handle<C extends KeeperCommand>(command: C, request: KeeperCommands[C]['takes']): Promise<KeeperCommands[C]['answers']>
  onEvent(listener: (event: Extract<FromKeeper, { event: string }>) => void): Disposable
}

type Handlers = { readonly [C in KeeperCommand]: (request: KeeperCommands[C]['takes']) => Promise<KeeperCommands[C]['answers']> }

export function openKeeperHost(
  deps: { readonly clock: Clock; readonly log: Log },
  options: { readonly dir: string; readonly bootId: string },
): KeeperHost {
  const { clock, log } = deps
  const records = openRunRecords(options.dir)
  const pipes = openOutputPipes(options.dir)
  const ids = logIds('keeper', () => clock.now())
  const runs = new Map<string, Run>()
  const starting = new Map<string, Promise<Run>>()
  const exits = new Map<string, ExitInfo>(records.exits().map((exit) => [exit.runId, exit]))
  const sockets = new Map<string, ListeningSocket>()
  const listeners = new Set<(event: Extract<FromKeeper, { event: string }>) => void>()
  let shutdown: Promise<object> | undefined

  const emit = (event: Extract<FromKeeper, { event: string }>) => {
    for (const listener of listeners) listener(event)
  }
  const runOf = async (runId: string) => {
    // An order that overtakes its run's start waits for it.
    await starting.get(runId)?.catch(() => undefined)
    const run = runs.get(runId)
    if (run) return run
    throw exits.has(runId) ? new KeeperError('already_ended', `run ${runId} has ended`) : new KeeperError('no_such_run', `there is no run ${runId}`)
  }
  const signalOf = (name: string) => {
    if (isSignal(name)) return name
    throw new KeeperError('bad_request', `${name} is no signal`)
  }

  const start = async (request: SpawnRequest) => {
    const opened = (request.listen ?? []).map((spec, index, all) => socketOf(spec, all.slice(0, index)))
    const run = new Run(
      {
        clock,
        log,
        ids,
        records,
        pipes,
        bootId: options.bootId,
        dir: options.dir,
        onEnded: (exit) => {
          if (exit.kind === 'machine') exits.set(exit.runId, exit)
          runs.delete(exit.runId)
          emit({ event: 'exit', exit })
        },
        onRespawn: (info, last) => emit({ event: 'respawn', run: info, last }),
      },
      request,
      opened,
    )
    await run.start()
    runs.set(request.runId, run)
    return run
  }
  /** Bound once for the keeper's life: the next child, and a new run of the same service, take over what waits in its queue. */
  const socketOf = (spec: ListenSpec, before: readonly ListenSpec[]) => {
    const twin = before.filter((other) => other.address === spec.address && other.port === spec.port).length
    const key = `${spec.address} ${spec.port} ${twin}`
    const socket = sockets.get(key) ?? bindSocket(spec)
    sockets.set(key, socket)
    return socket
  }
  const endAll = async (kind: SpawnRequest['kind']) => {
    await Promise.all([...runs.values()].filter((run) => run.kind === kind).map((run) => run.end(run.stop, 'shutdown')))
  }

  const handlers: Handlers = {
    ping: async () => ({}),
    async spawn(request) {
      checkSpawn(request)
      if (shutdown) throw new KeeperError('shutting_down', 'the platform is being taken down')
      const { runId } = request
      if (exits.has(runId)) throw new KeeperError('already_ended', `run ${runId} has ended`)
      const known = runs.get(runId)
      if (known) return known.info
      // The same order twice, when a daemon died between asking and hearing: one process.
      const begun = starting.get(runId) ?? start(request)
      starting.set(runId, begun)
      try {
        return (await begun).info
      } finally {
        starting.delete(runId)
      }
    },
    async signal({ runId, signal }) {
      const run = await runOf(runId)
      run.signal(signalOf(signal))
      return {}
    },
    async end({ runId, signal, timeoutMs }) {
      const stop = { signal: signalOf(signal), timeoutMs: positive(timeoutMs) }
      if (exits.has(runId)) return {}
      await (await runOf(runId)).end(stop)
      return {}
    },
    async exec(request) {
      checkProgram(request)
      return (await runOf(request.runId)).exec({ ...request, timeoutMs: positive(request.timeoutMs) })
    },
    list: async () => ({ runs: [...runs.values()].map((run) => run.info), exits: [...exits.values()] }),
    async ackExit({ runId }) {
      if (!isRunId(runId)) throw new KeeperError('bad_request', 'runId is no run id')
      records.removeExit(runId)
      exits.delete(runId)
      return {}
    },
    async shutdown() {
      shutdown ??= (async () => {
        await Promise.allSettled(starting.values())
        await endAll('machine')
        await endAll('service')
        for (const socket of sockets.values()) socket[Symbol.dispose]()
        pipes[Symbol.dispose]()
        return {}
      })()
      return shutdown
    },
  }
  return {
    async handle(command, request) {
      // A younger client may know commands that this keeper does not.
      if (!Object.hasOwn(handlers, command)) throw new KeeperError('bad_request', `unknown command ${command}`)
      return (handlers[command] as (request: object) => Promise<never>)(request)
    },
    onEvent(listener) {
      listeners.add(listener)
      return { [Symbol.dispose]: () => listeners.delete(listener) }
    },
  }
}

const positive = (ms: unknown) => {
  if (typeof ms === 'number' && ms >= 0 && ms < 2 ** 31) return ms
  throw new KeeperError('bad_request', 'timeoutMs: found no number from 0 to 2147483647')
}
const isTexts = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.values(value).every((item) => typeof item === 'string')

function checkProgram(request: Partial<Record<keyof SpawnRequest, unknown>>): void {
  if (!isRunId(request.runId)) throw new KeeperError('bad_request', 'runId: allowed are letters, digits, dots, dashes, up to 128')
  if (!Array.isArray(request.argv) || request.argv.length === 0 || !isTexts(request.argv))
    throw new KeeperError('bad_request', 'argv: found no list of texts')
  if (typeof request.cwd !== 'string' || !isTexts(request.env)) throw new KeeperError('bad_request', 'cwd or env is missing')
}
function checkSpawn(request: SpawnRequest): void {
  checkProgram(request)
  if (typeof request.log?.file !== 'string' || !isTexts(request.meta)) throw new KeeperError('bad_request', 'log or meta is missing')
  if (!isSignal(request.stop?.signal)) throw new KeeperError('bad_request', 'stop.signal is no signal')
  positive(request.stop.timeoutMs)
}
