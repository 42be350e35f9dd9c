import type { Clock } from '../../kit/clock.ts'
import type { AppName, MachineId, RegionCode } from '../../model/ids.ts'
import type { Brain, Decision, Refusal, RequestFacts, Ticket } from '../contract.ts'
import type { EdgeLimits, EdgeTimeouts } from '../edge-config.ts'
import { choose, type Choice } from '../routing/choose.ts'
import type { MachineUse, Place } from '../routing/place.ts'
import type { AppEntry, RouteIndex } from '../routing/route-index.ts'
import type { Wakes } from '../wake/wakes.ts'
import {
  connectFailed,
  heldTooLong,
  noCandidate,
  noService,
  tooManyWaiters,
  unknownHost,
  wakeFailed,
  type ConnectFailure,
  type HoldReason,
  type WakeFailure,
} from './refusals.ts'

export interface BrainDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly index: RouteIndex
  readonly wakes: Pick<Wakes, 'ensure'>
  /** What a machine was watched for has come: nothing is in flight there (nor held for it). */
  readonly onIdle: (machine: MachineId) => void
}
export interface BrainOptions {
  readonly domain: string
  readonly timeouts: EdgeTimeouts
  readonly limits: EdgeLimits
}
/** One client request, through all its tries. */
interface Errand {
  readonly facts: RequestFacts
  readonly app: AppEntry
  readonly sinceMs: number
  trouble: Trouble | undefined
}
/** What has gone wrong with a request so far. */
interface Trouble {
  readonly tried: Set<Place>
  readonly failures: Record<ConnectFailure, number>
  readonly sinceMs: number
}
interface Waiter {
  readonly errand: Errand
  readonly settle: (decision: Settled) => void
  readonly deadline: Disposable
  patience: Disposable | undefined
  /** What it waits to be woken. */
  target: Place | undefined
  why: HoldReason
}
type Settled = Extract<Decision, { kind: 'go' }> | Refusal

/** Fly.io tries so many candidates (platform-semantics §1.3). */
const mostTries = 90
/** A machine that takes the connection and gives no answer, or does not take it in time, is not asked more often for one request. */
const mostSilentTries = 3
const longestPenaltyFactor = 16
const wakeBarMs = 1_000

/** Decides for every request: routing, limits, waiting, waking. All decisions are synchronous; only a held request costs a promise. */
export class EdgeBrain implements Brain {
  readonly #deps: BrainDeps
  readonly #options: BrainOptions
  readonly #lines = new Map<AppEntry, Set<Waiter>>()
  #inFlight = 0
  #requests = 0
  constructor(deps: BrainDeps, options: BrainOptions) {
    this.#deps = deps
    this.#options = options
  }

  get inFlight(): number {
    return this.#inFlight
  }
  get requests(): number {
    return this.#requests
  }
  waiters(): Record<string, number> {
    return Object.fromEntries([...this.#lines].map(([app, line]) => [app.name, line.size]))
  }

  admit(facts: RequestFacts): Decision {
    this.#requests++
    const app = this.#deps.index.lookup(facts.hostname)
    if (app === undefined) return unknownHost(facts.hostname, this.#options.domain)
    app.requests++
    const nowMs = this.#deps.clock.monotonic()
    return this.#decide({ facts, app, sinceMs: nowMs, trouble: undefined }, nowMs)
  }

  /** Routes or states of the app's machines have changed: who waits is looked at again. */
  changed(app: AppEntry): void {
    for (const waiter of this.#lines.get(app) ?? []) this.#reconsider(waiter)
  }
  gone(app: AppEntry): void {
    for (const waiter of this.#lines.get(app) ?? []) this.#end(waiter, unknownHost(waiter.errand.facts.hostname, this.#options.domain))
  }

  /** Its host has just seen its port accept. */
  woken(place: Place): void {
    place.suspectUntilMs = 0
    place.refusals = 0
    place.wakeBarredUntilMs = 0
  }
  wakeFailed(place: Place, failure: WakeFailure): void {
    place.wakeBarredUntilMs = this.#deps.clock.monotonic() + wakeBarMs
    for (const line of this.#lines.values())
      for (const waiter of line) {
        if (waiter.target !== place) continue
        const choice = this.#choose(waiter.errand)
        const hasOther =
          choice.kind === 'go' || ((choice.kind === 'wake' || choice.kind === 'ask') && choice.place !== place) || choice.kind === 'queue'
        if (hasOther) this.#reconsider(waiter)
        else this.#end(waiter, this.#wakeRefusal(waiter.errand, place, failure))
      }
  }
  #wakeRefusal({ app, trouble }: Errand, place: Place, failure: WakeFailure): Refusal {
    return trouble !== undefined && trouble.failures.refused > 0 && failure.kind === 'timeout'
      ? connectFailed(app.name, 'refused', place.port)
      : wakeFailed(app.name, failure)
  }

  #choose(errand: Errand, nowMs = this.#deps.clock.monotonic()): Choice {
    const { index, random } = this.#deps
    const pool = index.poolOf(errand.app, errand.facts.port)
    if (pool === undefined) return { kind: 'none', why: 'no-machine' }
    const tried = errand.trouble?.tried
    const options = { nowMs, random, tried }
    const choice = choose(pool, errand.facts, options)
    // All have had their turn, and this one's penalty is over: it may try again.
    if (choice.kind === 'ask' && tried !== undefined && choice.place.suspectUntilMs <= options.nowMs) {
      tried.clear()
      return choose(pool, errand.facts, options)
    }
    return choice
  }

  #decide(errand: Errand, nowMs: number): Decision {
    const choice = this.#choose(errand, nowMs)
    if (choice.kind === 'go') return this.#go(errand, choice)
    if (choice.kind === 'none') return this.#none(errand, choice.why)
    return this.#hold(errand, choice)
  }
  #none(errand: Errand, why: Extract<Choice, { kind: 'none' }>['why']): Refusal {
    const { app, facts } = errand
    const hasService = this.#deps.index.poolOf(app, facts.port) !== undefined
    return !hasService && app.machines.size > 0 ? noService(app.name, facts.port) : noCandidate(app.name, why)
  }

  #go(errand: Errand, { place, warm }: Extract<Choice, { kind: 'go' }>): Extract<Decision, { kind: 'go' }> {
    if (warm !== undefined) this.#deps.wakes.ensure(warm, this.#deps.clock.monotonic() + this.#options.timeouts.holdMs)
    place.inFlight++
    place.use.inFlight++
    if (errand.facts.webSocket) place.use.webSockets++
    this.#inFlight++
    return { kind: 'go', ticket: new PlaceTicket(errand, place, this.#leavePlace, this.#fail) }
  }

  readonly #leavePlace = (errand: Errand, place: Place, isAnswered: boolean): void => {
    place.inFlight--
    place.use.inFlight--
    place.use.ended++
    if (errand.facts.webSocket) place.use.webSockets--
    if (isAnswered) place.refusals = 0
    this.#inFlight--
    if (errand.app.waiters > 0) this.#fillPlaces(errand.app)
    this.#checkIdle(place.use)
  }

  readonly #fail = (errand: Errand, place: Place, reason: ConnectFailure): Decision => {
    const { timeouts } = this.#options
    const nowMs = this.#deps.clock.monotonic()
    if (reason !== 'reset') {
      place.suspectUntilMs = nowMs + timeouts.penaltyMs * Math.min(longestPenaltyFactor, 2 ** place.refusals)
      place.refusals++
    }
    const trouble = (errand.trouble ??= { tried: new Set(), failures: { refused: 0, reset: 0, timeout: 0 }, sinceMs: nowMs })
    trouble.tried.add(place)
    trouble.failures[reason]++
    const { refused, reset, timeout } = trouble.failures
    const hadPatience = reason === 'refused' ? nowMs - trouble.sinceMs < timeouts.refusedMs : trouble.failures[reason] < mostSilentTries
    const isOver = refused + reset + timeout >= mostTries || nowMs - errand.sinceMs >= timeouts.holdMs
    // The place is given back only now, so that a waiter is not sent to a machine that has just refused.
    this.#leavePlace(errand, place, false)
    return hadPatience && !isOver ? this.#decide(errand, nowMs) : connectFailed(errand.app.name, reason, place.port)
  }

  #hold(errand: Errand, choice: Exclude<Choice, { kind: 'go' | 'none' }>): Decision {
    const { app } = errand
    const { timeouts, limits } = this.#options
    if (app.waiters >= limits.waitersPerApp) return tooManyWaiters(app.name, limits.waitersPerApp)
    const { promise, resolve } = Promise.withResolvers<Settled>()
    const leftMs = Math.max(1, errand.sinceMs + timeouts.holdMs - this.#deps.clock.monotonic())
    const deadline = this.#deps.clock.timer(leftMs, () => this.#end(waiter, heldTooLong(app.name, waiter.why, timeouts.holdMs)))
    const waiter: Waiter = { errand, settle: resolve, deadline, patience: undefined, target: undefined, why: 'full' }
    const line = this.#lines.get(app) ?? new Set()
    this.#lines.set(app, line.add(waiter))
    app.waiters++
    this.#await(waiter, choice)
    return { kind: 'hold', settled: promise, leave: () => this.#forget(waiter) }
  }

  /** Sees to it that what the waiter waits for happens. */
  #await(waiter: Waiter, choice: Exclude<Choice, { kind: 'go' | 'none' }>): void {
    const { clock, wakes } = this.#deps
    const { timeouts } = this.#options
    const { errand } = waiter
    if (choice.kind === 'queue') {
      waiter.why = choice.why
      return
    }
    const { place } = choice
    waiter.why = choice.kind === 'wake' ? 'waking' : 'refused'
    if (choice.kind === 'ask' && !place.autostart) {
      waiter.patience ??= clock.timer(Math.max(1, place.suspectUntilMs - clock.monotonic()), () => this.#look(waiter))
      return
    }
    waiter.target = place
    place.held++
    place.use.held++
    wakes.ensure(place, errand.sinceMs + timeouts.holdMs, choice.kind === 'ask' ? timeouts.refusedMs : Infinity)
    if (choice.kind === 'wake' && choice.orElse !== undefined)
      waiter.patience ??= clock.timer(Math.max(1, errand.sinceMs + timeouts.softWakeMs - clock.monotonic()), () => this.#look(waiter))
  }
  #look(waiter: Waiter): void {
    waiter.patience = undefined
    if (this.#lines.get(waiter.errand.app)?.has(waiter) === true) this.#reconsider(waiter)
  }

  /** Chooses anew for a waiter, as if it were not waiting. True when it went. */
  #reconsider(waiter: Waiter): boolean {
    const { errand, target } = waiter
    if (target !== undefined) {
      target.held--
      target.use.held--
      waiter.target = undefined
    }
    let choice = this.#choose(errand)
    const waitedMs = this.#deps.clock.monotonic() - errand.sinceMs
    if (choice.kind === 'wake' && choice.orElse !== undefined && waitedMs >= this.#options.timeouts.softWakeMs)
      choice = { kind: 'go', place: choice.orElse }
    if (choice.kind === 'go') this.#end(waiter, this.#go(errand, choice))
    else if (choice.kind === 'none') this.#end(waiter, this.#none(errand, choice.why))
    else this.#await(waiter, choice)
    if (target !== undefined) this.#checkIdle(target.use)
    return choice.kind === 'go'
  }

  /** A place has become free: the longest waiting come first. One that cannot go shows that the others of its port cannot either, unless it is choosy. */
  #fillPlaces(app: AppEntry): void {
    const stuckPorts = new Set<number>()
    for (const waiter of this.#lines.get(app) ?? []) {
      const { port, forceMachine, forceRegions } = waiter.errand.facts
      if (stuckPorts.has(port)) continue
      const isChoosy = forceMachine !== undefined || forceRegions !== undefined || waiter.errand.trouble !== undefined
      if (!this.#reconsider(waiter) && !isChoosy) stuckPorts.add(port)
    }
  }

  #end(waiter: Waiter, decision: Settled): void {
    this.#forget(waiter)
    waiter.settle(decision)
  }
  #forget(waiter: Waiter): void {
    const { app } = waiter.errand
    const line = this.#lines.get(app)
    if (line?.delete(waiter) !== true) return
    if (line.size === 0) this.#lines.delete(app)
    app.waiters--
    waiter.deadline[Symbol.dispose]()
    waiter.patience?.[Symbol.dispose]()
    const { target } = waiter
    if (target === undefined) return
    waiter.target = undefined
    target.held--
    target.use.held--
    this.#checkIdle(target.use)
  }

  #checkIdle(use: MachineUse): void {
    if (use.watch === 'none' || use.inFlight + (use.watch === 'unused' ? use.held : 0) > 0) return
    use.watch = 'none'
    this.#deps.onIdle(use.machine)
  }
}

type Leave = (errand: Errand, place: Place, isAnswered: boolean) => void
type Fail = (errand: Errand, place: Place, reason: ConnectFailure) => Decision

class PlaceTicket implements Ticket {
  readonly app: AppName
  readonly machine: MachineId
  readonly region: RegionCode
  readonly address: string
  readonly port: number
  readonly concurrency: 'connections' | 'requests'
  readonly poolKey: string
  readonly #errand: Errand
  readonly #place: Place
  readonly #leave: Leave
  readonly #fail: Fail
  #isUsed = false
  constructor(errand: Errand, place: Place, leave: Leave, fail: Fail) {
    this.app = errand.app.name
    this.machine = place.machine
    this.region = place.region
    this.address = place.address
    this.port = place.port
    this.concurrency = place.concurrency
    this.poolKey = place.poolKey
    this.#errand = errand
    this.#place = place
    this.#leave = leave
    this.#fail = fail
  }
  done(outcome: 'ok' | 'aborted' | 'bad-response'): void {
    this.#use()
    this.#leave(this.#errand, this.#place, outcome === 'ok')
  }
  failed(reason: ConnectFailure): Decision {
    this.#use()
    return this.#fail(this.#errand, this.#place, reason)
  }
  #use(): void {
    if (this.#isUsed) throw new Error(`ticket for machine ${this.machine} used twice`)
    this.#isUsed = true
  }
}
