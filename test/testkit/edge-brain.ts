import { EdgeBrain } from '../../src/edge/admission/brain.ts'
import type { Decision, Refusal, RequestFacts, Ticket } from '../../src/edge/contract.ts'
import { defaultLimits, defaultTimeouts, type EdgeLimits, type EdgeTimeouts } from '../../src/edge/edge-config.ts'
import { rankRegions } from '../../src/edge/routing/region-order.ts'
import { RouteIndex } from '../../src/edge/routing/route-index.ts'
import { MachineViews } from '../../src/edge/session/machine-views.ts'
import { Wakes, type WakeAsk, type WakeResult } from '../../src/edge/wake/wakes.ts'
import { silentLog } from '../../src/kit/log.ts'
import type { RouteApp, RouteMachine } from '../../src/protocol/route-feed.ts'
import { ManualClock } from './manual-clock.ts'
import { regions, routeApp, type TestRegion } from './routes.ts'

export interface TestWake extends WakeAsk {
  readonly answer: (result: WakeResult) => void
}
/** An edge's brain without sockets: routes are given, wakes are answered by the test, time stands still. */
export class TestBrain {
  readonly clock = new ManualClock()
  readonly index: RouteIndex
  readonly views: MachineViews
  readonly wakes: Wakes
  readonly brain: EdgeBrain
  readonly asked: TestWake[] = []
  readonly idle: string[] = []
  readonly #routes = new Map<string, RouteMachine>()
  constructor(
    options: {
      readonly region?: TestRegion
      readonly timeouts?: Partial<EdgeTimeouts>
      readonly limits?: Partial<EdgeLimits>
      readonly random?: () => number
    } = {},
  ) {
    this.index = new RouteIndex('localhost', rankRegions(regions[options.region ?? 'fra'], Object.values(regions)))
    this.views = new MachineViews((id) => this.#refresh(id))
    this.wakes = new Wakes({
      clock: this.clock,
      log: silentLog,
      call: (ask) => new Promise((answer) => this.asked.push({ ...ask, answer })),
      step: () => this.views.step,
      onWoken: (place, reply, askedAt) => {
        this.brain.woken(place)
        this.views.woken(place.host, place.machine, reply, askedAt)
        const app = this.index.apps.get(place.app)
        if (app !== undefined) this.brain.changed(app)
      },
      onFailed: (place, failure) => this.brain.wakeFailed(place, failure),
    })
    this.brain = new EdgeBrain(
      {
        clock: this.clock,
        random: options.random ?? (() => 0),
        index: this.index,
        wakes: this.wakes,
        onIdle: (machine) => this.idle.push(machine),
      },
      { domain: 'localhost', timeouts: { ...defaultTimeouts, ...options.timeouts }, limits: { ...defaultLimits, ...options.limits } },
    )
  }
  #refresh(id: RouteMachine['id']): void {
    const route = this.#routes.get(id)
    const view = this.views.get(id)
    if (route === undefined || view === undefined) return
    this.index.setMachine(route, view)
    const app = this.index.apps.get(route.app)
    if (app !== undefined) this.brain.changed(app)
  }
  app(route: RouteApp = routeApp()): this {
    this.index.setApp(route)
    return this
  }
  machine(route: RouteMachine): this {
    this.#routes.set(route.id, route)
    this.views.route(route.host, route.id, route)
    this.#refresh(route.id)
    return this
  }
  admit(facts: Partial<RequestFacts> = {}): Decision {
    return this.brain.admit({ hostname: 'hello.localhost', port: 80, webSocket: false, ...facts })
  }
  go(facts: Partial<RequestFacts> = {}): Ticket {
    const decision = this.admit(facts)
    if (decision.kind !== 'go') throw new Error(`expected go, got ${JSON.stringify(decision)}`)
    return decision.ticket
  }
  hold(facts: Partial<RequestFacts> = {}): Held {
    return new Held(this.admit(facts))
  }
  [Symbol.dispose](): void {
    this.wakes[Symbol.dispose]()
  }
}
/** A held request, and what became of it. */
export class Held {
  outcome: { readonly kind: 'go'; readonly ticket: Ticket } | Refusal | undefined
  readonly leave: () => void
  constructor(decision: Decision) {
    if (decision.kind !== 'hold') throw new Error(`expected hold, got ${JSON.stringify(decision)}`)
    void decision.settled.then((outcome) => (this.outcome = outcome))
    this.leave = () => decision.leave()
  }
  get machine(): string | undefined {
    return this.outcome?.kind === 'go' ? this.outcome.ticket.machine : undefined
  }
  get ticket(): Ticket {
    if (this.outcome?.kind !== 'go') throw new Error(`expected go, got ${JSON.stringify(this.outcome)}`)
    return this.outcome.ticket
  }
  get refusal(): Refusal {
    if (this.outcome?.kind !== 'refuse') throw new Error(`expected a refusal, got ${JSON.stringify(this.outcome)}`)
    return this.outcome
  }
}
