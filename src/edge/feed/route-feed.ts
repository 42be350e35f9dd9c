import { join } from 'node:path'
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import { readRoutes, writeRoutes } from './route-file.ts'
import { parseRouteMessage } from './route-message.ts'
import { applyRoutes, emptyRoutes, type RouteChange, type RouteTable } from './route-table.ts'
import { followLines } from './unix-http.ts'

export interface RouteFeedDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly onChange: (change: RouteChange) => void
}
export interface RouteFeedOptions {
  /** `unix:/path` */
  readonly controlAddress: string
  readonly stateDir: string
  readonly silenceMs: number
}

const shortestPauseMs = 50
const longestPauseMs = 2_000
const saveDelayMs = 1_000

/** Follows control's routes, keeps the last state on disk, and starts from it: an edge needs nobody to serve. */
export class RouteFeed implements AsyncDisposable {
  readonly #deps: RouteFeedDeps
  readonly #options: RouteFeedOptions
  readonly #path: string
  readonly #ended = new AbortController()
  #table: RouteTable = emptyRoutes()
  #source: 'none' | 'disk' | 'feed' = 'none'
  #heardAt: number | undefined
  #isConnected = false
  #following: Promise<void> | undefined
  #saveTimer: Disposable | undefined
  #saving: Promise<void> = Promise.resolve()
  constructor(deps: RouteFeedDeps, options: RouteFeedOptions) {
    this.#deps = deps
    this.#options = options
    this.#path = join(options.stateDir, 'routes.ndjson')
  }

  get table(): RouteTable {
    return this.#table
  }
  get state(): { readonly revision: number; readonly ageMs: number | null; readonly source: 'none' | 'disk' | 'feed'; readonly connected: boolean } {
    const ageMs = this.#heardAt === undefined ? null : Math.max(0, this.#deps.clock.now() - this.#heardAt)
    return { revision: this.#table.revision, ageMs, source: this.#source, connected: this.#isConnected }
  }

  /** Loads what the last run knew. A file that cannot be read is no reason not to serve: control will send all again. */
  async load(): Promise<void> {
    try {
      const saved = await readRoutes(this.#path)
      if (saved === undefined) return
      this.#table = saved.table
      this.#heardAt = saved.heardAt
      this.#source = 'disk'
      const { apps, machines, hosts } = saved.table
      const all = { hosts: [...hosts.values()], apps: [...apps.values()], machines: [...machines.values()] }
      this.#deps.onChange({ ...all, goneMachines: [], goneApps: [], goneHosts: [] })
    } catch (error) {
      this.#deps.log.warn('cannot read the saved routes', { path: this.#path, error })
    }
  }

  follow(): void {
    this.#following ??= this.#followUntilEnded()
  }
  async #followUntilEnded(): Promise<void> {
    const { clock, random, log } = this.#deps
    const { signal } = this.#ended
    let pauseMs = shortestPauseMs
    while (!signal.aborted) {
      const reason = await followLines({
        address: this.#options.controlAddress,
        path: `/v1/routes?from=${this.#table.revision}`,
        clock,
        silenceMs: this.#options.silenceMs,
        signal,
        onLine: (line) => {
          pauseMs = shortestPauseMs
          this.#isConnected = true
          this.#take(line)
        },
      })
      if (signal.aborted) return
      if (this.#isConnected) log.info('the route feed is gone; serving the last routes', { reason, revision: this.#table.revision })
      this.#isConnected = false
      try {
        await clock.sleep(pauseMs * (0.5 + random()), signal)
      } catch (error) {
        if (signal.aborted) return
        throw error
      }
      pauseMs = Math.min(longestPauseMs, pauseMs * 2)
    }
  }

  #take(line: string): void {
    const change = applyRoutes(this.#table, parseRouteMessage(line))
    this.#heardAt = this.#deps.clock.now()
    if (change === undefined) return
    this.#source = 'feed'
    this.#deps.onChange(change)
    this.#saveTimer ??= this.#deps.clock.timer(saveDelayMs, () => this.#save())
  }
  #save(): void {
    this.#saveTimer = undefined
    this.#saving = this.#saving
      .then(() => writeRoutes(this.#path, this.#table, this.#heardAt ?? this.#deps.clock.now()))
      .catch((error: unknown) => this.#deps.log.error('cannot save the routes', { path: this.#path, error }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(new Error('the edge ends'))
    await this.#following
    if (this.#saveTimer !== undefined) {
      this.#saveTimer[Symbol.dispose]()
      this.#save()
    }
    await this.#saving
  }
}
