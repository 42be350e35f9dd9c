import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import { connectToKeeper, type KeeperConnection } from './keeper-connection.ts'
import { readOwner } from './keeper-lock.ts'
import {
  type ExitInfo,
  type FromKeeper,
  type KeeperCommand,
  type KeeperCommands,
  KeeperError,
  type KeeperHello,
  type RunInfo,
} from './keeper-protocol.ts'
import { endOrphans } from './orphans.ts'
import { startKeeper, type StartKeeperOptions } from './start-keeper.ts'

export type { ExitInfo, RunInfo } from './keeper-protocol.ts'
export type KeeperOptions = StartKeeperOptions

/** A host's keeper as its daemon sees it. Rejections are KeeperErrors; code `lost` when it died before the answer. */
export interface Keeper extends AsyncDisposable {
  /** Of the keeper that is connected now, or was last. */
  readonly hello: KeeperHello
  call<C extends KeeperCommand>(command: C, request: KeeperCommands[C]['takes']): Promise<KeeperCommands[C]['answers']>
  /** Recorded exits, until acknowledged: the same one may come again after the connection broke. Those of the time before are in `list`. */
  onExit(listener: (exit: ExitInfo) => void): Disposable
  onRespawn(listener: (run: RunInfo) => void): Disposable
  /** The keeper died: all its runs are gone or being ended, and nothing is known of how. */
  onLost(listener: () => void): Disposable
  /** A new keeper stands; what the old one left has been ended. */
  onBack(listener: () => void): Disposable
}

/** How long a keeper that lives may take to answer, while it is being started by somebody else. */
const answerWaitMs = 5_000
const retryMs = { first: 50, longest: 5_000 }

/** Connects to the host's keeper, or starts one after ending what a dead one left. Disposing leaves it running. */
export async function openKeeper(deps: { readonly clock: Clock; readonly log: Log }, options: KeeperOptions): Promise<Keeper> {
  const { clock, log } = deps
  const exitListeners = new Set<(exit: ExitInfo) => void>()
  const respawnListeners = new Set<(run: RunInfo) => void>()
  const lostListeners = new Set<() => void>()
  const backListeners = new Set<() => void>()
  const disposed = new AbortController()
  let isEnding = false

  const onEvent = (event: Extract<FromKeeper, { event: string }>) => {
    if (event.event === 'exit') for (const listener of exitListeners) listener(event.exit)
    else for (const listener of respawnListeners) listener(event.run)
  }
  let connection = await connectOrStart(clock, options, onEvent)
  const following = follow()

  async function follow(): Promise<void> {
    while (!disposed.signal.aborted) {
      await connection.closed
      if (disposed.signal.aborted || isEnding) return
      const old = connection.hello
      // The same keeper with a broken connection is no loss, only exits may have been missed.
      const isDead = readOwner(options.dir)?.pid !== old.pid
      if (isDead) tell(lostListeners)
      const next = await reconnect()
      if (next === undefined) return
      connection = next
      if (next.hello.keeperId === old.keeperId) {
        for (const exit of (await next.call('list', {}).catch(() => ({ exits: [] }))).exits) onEvent({ event: 'exit', exit })
      } else {
        log.warn('the keeper was lost; a new one stands', { old: old.pid, new: next.hello.pid })
        if (!isDead) tell(lostListeners)
        tell(backListeners)
      }
    }
  }
  async function reconnect(): Promise<KeeperConnection | undefined> {
    for (let pauseMs = retryMs.first; !disposed.signal.aborted; pauseMs = Math.min(pauseMs * 2, retryMs.longest)) {
      try {
        return await connectOrStart(clock, options, onEvent)
      } catch (error) {
        log.error('the keeper cannot be brought back', { error, nextTryMs: pauseMs })
      }
      await clock.sleep(pauseMs, disposed.signal).catch(() => undefined)
    }
    return undefined
  }
  const tell = (listeners: ReadonlySet<() => void>) => {
    for (const listener of listeners) listener()
  }
  const listen = <T>(listeners: Set<T>, listener: T): Disposable => {
    listeners.add(listener)
    return { [Symbol.dispose]: () => listeners.delete(listener) }
  }
  return {
    get hello() {
      return connection.hello
    },
    async call(command, request) {
      // Who ends the keeper does not want it back.
      if (command === 'shutdown') isEnding = true
      return connection.call(command, request)
    },
    onExit: (listener) => listen(exitListeners, listener),
    onRespawn: (listener) => listen(respawnListeners, listener),
    onLost: (listener) => listen(lostListeners, listener),
    onBack: (listener) => listen(backListeners, listener),
    async [Symbol.asyncDispose]() {
      disposed.abort()
      connection.close()
      await following
      connection.close()
    },
  }
}

/** Undefined when no keeper of this host lives. For `kante down`, which must not start one. */
export async function connectToRunningKeeper(clock: Clock, options: Pick<KeeperOptions, 'socket' | 'dir'>): Promise<KeeperConnection | undefined> {
  const deadline = clock.monotonic() + answerWaitMs
  for (;;) {
    const found = await connectToKeeper(clock, options.socket, () => undefined).catch(asLost)
    if (found !== undefined && !(found instanceof KeeperError)) return found
    const owner = readOwner(options.dir)
    if (owner === undefined) return undefined
    if (clock.monotonic() > deadline) throw new KeeperError('lost', `the keeper (pid ${owner.pid}) lives but does not listen on ${options.socket}`)
    await clock.sleep(20)
  }
}

async function connectOrStart(
  clock: Clock,
  options: KeeperOptions,
  onEvent: (event: Extract<FromKeeper, { event: string }>) => void,
): Promise<KeeperConnection> {
  const deadline = clock.monotonic() + answerWaitMs
  for (;;) {
    const found = await connectToKeeper(clock, options.socket, onEvent).catch(asLost)
    if (found !== undefined && !(found instanceof KeeperError)) return found
    const owner = readOwner(options.dir)
    if (owner === undefined) {
      await endOrphans(options.dir)
      await startKeeper(options)
    } else {
      // Just being started, or about to leave.
      await clock.sleep(20)
    }
    if (clock.monotonic() < deadline) continue
    throw found ?? new KeeperError('lost', `the keeper${owner ? ` (pid ${owner.pid})` : ''} does not listen on ${options.socket}`)
  }
}

/** A keeper that hangs up before its hello is on its way out: that is worth another look, unlike one of another protocol. */
const asLost = (error: unknown): KeeperError => {
  if (error instanceof KeeperError && error.code === 'lost') return error
  throw error
}
