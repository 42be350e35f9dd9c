import type { Clock } from '../../kit/clock.ts'
import type { EdgeId, RegionCode } from '../../model/ids.ts'
import type { LoadReport } from '../../protocol/route-feed.ts'
import type { MachineUse } from '../routing/place.ts'
import type { AppEntry, RouteIndex } from '../routing/route-index.ts'

export interface LoadReportsDeps {
  readonly clock: Clock
  readonly index: RouteIndex
  /** The revision of the routes that the edge goes by. */
  readonly routesRevision: () => number
  /** False when nobody took it: its counts come again in the next one. */
  readonly send: (report: LoadReport) => Promise<boolean>
}
export interface LoadReportsOptions {
  readonly edge: EdgeId
  readonly region: RegionCode
  readonly everyMs?: number
}

/**
 * Once a second, what the edge sees of each machine and app with traffic. It is sent when there is none too: control takes silence for an edge that it
 * knows nothing of, and stops no machine on that.
 */
export class LoadReports implements Disposable {
  readonly #deps: LoadReportsDeps
  readonly #options: LoadReportsOptions
  #timer: Disposable
  #isSending = false
  constructor(deps: LoadReportsDeps, options: LoadReportsOptions) {
    this.#deps = deps
    this.#options = options
    this.#timer = this.#schedule()
  }
  #schedule(): Disposable {
    return this.#deps.clock.timer(this.#options.everyMs ?? 1_000, () => {
      this.#timer = this.#schedule()
      if (!this.#isSending) void this.#report()
    })
  }

  async #report(): Promise<void> {
    const { index, clock, send } = this.#deps
    index.sweepUses()
    const machines = [...index.uses].filter((use) => use.inFlight + use.ended > 0)
    const apps = [...index.apps.values()].filter((app) => app.requests + app.waiters > 0)
    const report: LoadReport = {
      edge: this.#options.edge,
      region: this.#options.region,
      at: clock.now(),
      routes: this.#deps.routesRevision(),
      machines: machines.map(({ machine, inFlight, webSockets, ended }) => ({ id: machine, inFlight, webSockets, requests: ended })),
      apps: apps.map(({ name, requests, waiters }) => ({ app: name, requests, held: waiters })),
    }
    this.#isSending = true
    try {
      if (await send(report)) settle(machines, apps, report)
    } finally {
      this.#isSending = false
    }
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]()
  }
}

function settle(machines: readonly MachineUse[], apps: readonly AppEntry[], report: LoadReport): void {
  machines.forEach((use, at) => (use.ended -= report.machines[at]?.requests ?? 0))
  apps.forEach((app, at) => (app.requests -= report.apps[at]?.requests ?? 0))
}
