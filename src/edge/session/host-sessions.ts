import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { EdgeId, HostId, MachineId } from '../../model/ids.ts'
import type { DrainAnswer, HostMessage } from '../../protocol/edge-session.ts'
import type { RouteHost } from '../../protocol/route-feed.ts'
import { followLines, type UnixHttp } from '../feed/unix-http.ts'
import type { MachineUse } from '../routing/place.ts'
import { parseHostMessage } from './host-message.ts'
import type { MachineViews } from './machine-views.ts'

export interface HostSessionsDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly http: UnixHttp
  readonly views: MachineViews
  readonly useOf: (machine: MachineId) => MachineUse | undefined
}
export interface HostSessionsOptions {
  readonly edge: EdgeId
  readonly silenceMs: number
  /** How long requests in flight may take to end before a drain is answered `busy`. */
  readonly drainGraceMs: number
}
interface Session {
  address: string
  ended: AbortController
  isConnected: boolean
  bootId: string | undefined
  /** The first attempt is over: all states are here, or nobody answers. */
  readonly settled: PromiseWithResolvers<void>
}

const shortestPauseMs = 20
const longestPauseMs = 1_000
const answerTries = 5

/** One session with every host: its machines' states as they change, and its drains. */
export class HostSessions implements AsyncDisposable {
  readonly #deps: HostSessionsDeps
  readonly #options: HostSessionsOptions
  readonly #sessions = new Map<HostId, Session>()
  readonly #loops = new Set<Promise<void>>()
  constructor(deps: HostSessionsDeps, options: HostSessionsOptions) {
    this.#deps = deps
    this.#options = options
  }

  get state(): readonly { readonly host: string; readonly connected: boolean; readonly bootId?: string }[] {
    return [...this.#sessions].map(([host, { isConnected, bootId }]) => ({
      host,
      connected: isConnected,
      ...(bootId === undefined ? {} : { bootId }),
    }))
  }
  addressOf(host: HostId): string | undefined {
    return this.#sessions.get(host)?.address
  }

  open(host: RouteHost): void {
    const known = this.#sessions.get(host.id)
    if (known?.address === host.address) return
    known?.ended.abort(new Error('the host has moved'))
    const session: Session = {
      address: host.address,
      ended: new AbortController(),
      isConnected: false,
      bootId: undefined,
      settled: Promise.withResolvers(),
    }
    this.#sessions.set(host.id, session)
    const loop = this.#follow(host.id, session).finally(() => this.#loops.delete(loop))
    this.#loops.add(loop)
  }
  close(host: HostId): void {
    this.#sessions.get(host)?.ended.abort(new Error('the host is gone'))
    this.#sessions.delete(host)
  }

  /**
   * Resolves when every host known now has said all it has to say, or does not answer, at the latest after `withinMs`. An edge that starts on its saved
   * routes waits for this: its former self may have acknowledged a drain that the file knows nothing of.
   */
  async settled(withinMs: number): Promise<void> {
    const late = Promise.withResolvers<void>()
    using _timer = this.#deps.clock.timer(withinMs, late.resolve)
    await Promise.race([late.promise, Promise.all([...this.#sessions.values()].map((session) => session.settled.promise))])
  }

  /** Tells a host what it waits for: nothing is in flight at its machine any more. */
  idle(machine: MachineId): void {
    const answer = this.#deps.views.idle(machine)
    if (answer !== undefined) void this.#answer(answer.host, { machine, drainId: answer.drainId, answer: answer.reply })
  }

  async #follow(host: HostId, session: Session): Promise<void> {
    const { clock, random, log, views } = this.#deps
    const { signal } = session.ended
    let pauseMs = shortestPauseMs
    while (!signal.aborted) {
      const reason = await followLines({
        address: session.address,
        path: `/v1/edge/session?edge=${encodeURIComponent(this.#options.edge)}`,
        clock,
        silenceMs: this.#options.silenceMs,
        signal,
        onLine: (line) => {
          pauseMs = shortestPauseMs
          const message = parseHostMessage(line)
          if (message !== undefined) this.#take(host, session, message)
        },
      })
      session.settled.resolve()
      if (session.isConnected) {
        session.isConnected = false
        log.info('the session with a host is gone', { host, reason })
        views.sessionLost(host)
      }
      if (signal.aborted) return
      try {
        await clock.sleep(pauseMs * (0.5 + random()), signal)
      } catch (error) {
        if (signal.aborted) return
        throw error
      }
      pauseMs = Math.min(longestPauseMs, pauseMs * 2)
    }
  }

  #take(host: HostId, session: Session, message: HostMessage): void {
    const { views, useOf } = this.#deps
    switch (message.type) {
      case 'hello':
        session.isConnected = true
        session.bootId = message.bootId
        return
      case 'state':
        return views.state(host, message.id, message)
      case 'drain': {
        const use = useOf(message.id)
        const forDeploy = message.forDeploy === true
        const reply = views.drain(host, message.id, message, use !== undefined && use.inFlight + (forDeploy ? 0 : use.held) > 0)
        if (reply === undefined) return
        const answer = { machine: message.id, drainId: message.drainId, answer: reply }
        if (reply === 'busy' && use !== undefined) {
          use.watch = forDeploy ? 'inFlight' : 'unused'
          if (use.webSockets === 0) return this.#answerLater(host, answer)
        }
        void this.#answer(host, answer)
        return
      }
      case 'undrain':
        return views.undrain(host, message.id, message)
      case 'beat':
        // The first one follows the states of the beginning.
        session.settled.resolve()
    }
  }

  /** Most requests end soon, and then the answer is `drained`; a web socket does not. */
  #answerLater(host: HostId, answer: Omit<DrainAnswer, 'edge'>): void {
    this.#deps.clock.timer(this.#options.drainGraceMs, () => {
      const block = this.#deps.views.get(answer.machine)?.block
      if (block?.drainId === answer.drainId && !block.acknowledged) void this.#answer(host, answer)
    })
  }

  /** A drain is bound to its session: when that ends there is nobody to answer. */
  async #answer(host: HostId, answer: Omit<DrainAnswer, 'edge'>): Promise<void> {
    const { http, clock, log } = this.#deps
    const session = this.#sessions.get(host)
    if (session === undefined) return
    const { bootId } = session
    for (let tries = 0; tries < answerTries && session.isConnected && session.bootId === bootId; tries++) {
      const result = await http.post(
        session.address,
        '/v1/edge/drain-answer',
        { edge: this.#options.edge, ...answer },
        { timeoutMs: 5_000, signal: session.ended.signal },
      )
      if (result.kind === 'answer') {
        if (result.status >= 300) log.debug('a drain answer was not taken', { host, ...answer, status: result.status })
        return
      }
      try {
        await clock.sleep(shortestPauseMs * 2 ** tries, session.ended.signal)
      } catch (error) {
        if (session.ended.signal.aborted) return
        throw error
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions.values()) session.ended.abort(new Error('the edge ends'))
    await Promise.all(this.#loops)
  }
}
