import {
  becomeIdle,
  isRoutable,
  learnDrain,
  learnFact,
  learnUndrain,
  learnWoken,
  loseSession,
  type DrainReply,
  type MachineFact,
  type MachineView,
} from '../../../src/model/drain/edge-drain.ts'
import { beginDrain, stepDrain, type HostDrain, type HostDrainEvent } from '../../../src/model/drain/host-drain.ts'
import type { EdgeId } from '../../../src/model/ids.ts'

/**
 * One host with one machine, two edges, and everything that is between them: sessions in order, answers and wakes in any order, a route feed that lags.
 * The decisions are the product's own (model/drain); this file plays the processes around them.
 */
export const edgeNames = ['a', 'b'] as readonly string[] as readonly [EdgeId, EdgeId]
const endpoint = { address: '127.1.0.1' }
type Message =
  | { readonly type: 'state'; readonly fact: MachineFact }
  | { readonly type: 'drain' | 'undrain'; readonly seq: number; readonly drainId: string }
interface Answer {
  readonly drainId: string
  readonly answer: DrainReply
}
export interface EdgeModel {
  view: MachineView
  step: number
  inFlight: number
  held: number
  isUp: boolean
  session: Message[]
  feed: MachineFact[]
  answers: Answer[]
  /** The edge's step when each was asked; at most one is under way. */
  wakesAsked: number[]
  wakesAnswered: { readonly askedAt: number; readonly seq: number }[]
}
export interface World {
  state: 'started' | 'stopping' | 'stopped'
  draining: boolean
  seq: number
  drain: HostDrain | undefined
  drains: number
  /** Drains are a deploy's: `busy` ends none, no request calls one off, and what is held waits for the next version. */
  readonly isForDeploy: boolean
  /** The host's side of the sessions. */
  connected: boolean[]
  edges: [EdgeModel, EdgeModel]
  left: { requests: number; drains: number; drops: number; crashes: number; results?: number }
  served: number
}

export function newWorld(left: World['left'], isForDeploy = false): World {
  const fact: MachineFact = { seq: 1, state: 'started', draining: false, endpoint }
  const edge = (): EdgeModel => ({
    view: learnFact(undefined, fact, 0),
    step: 0,
    inFlight: 0,
    held: 0,
    isUp: true,
    session: [],
    feed: [],
    answers: [],
    wakesAsked: [],
    wakesAnswered: [],
  })
  return {
    state: 'started',
    draining: false,
    seq: 1,
    drain: undefined,
    drains: 0,
    isForDeploy,
    connected: [true, true],
    edges: [edge(), edge()],
    left,
    served: 0,
  }
}

/** What can happen next. Each changes the world in place, and throws when a request would go to a machine that is being taken down. */
export type Action = readonly [name: string, run: (world: World) => void]

export function actionsOf(world: World): Action[] {
  const actions: Action[] = []
  const add = (name: string, run: (world: World) => void) => actions.push([name, run])
  const { left } = world
  if (left.drains > 0 && world.state === 'started' && world.drain === undefined) {
    add('host: begins a drain', (w) => beginHostDrain(w, true))
    add('host: begins a drain, its state not told', (w) => beginHostDrain(w, false))
  }
  if (world.drain?.phase === 'asking') add('host: drain times out', (w) => stepHost(w, { type: 'timeout' }))
  // A check's result: the machine's number grows, and nothing else changes.
  if ((left.results ?? 0) > 0 && world.state === 'started')
    add('host: a check has a result', (w) => {
      w.left.results = (w.left.results ?? 0) - 1
      publish(w)
    })
  if (world.state === 'stopping')
    add('host: machine has stopped', (w) => {
      w.state = 'stopped'
      publish(w)
    })
  if (left.crashes > 0) add('host: dies and starts again', restartHost)
  for (const at of [0, 1] as const) {
    const edge = world.edges[at]
    const here = (run: (w: World, e: EdgeModel) => void) => (w: World) => run(w, w.edges[at])
    if (left.requests > 0)
      add(
        `edge ${at}: request`,
        here((w, e) => {
          w.left.requests--
          if (!sendIfRoutable(w, e, 1)) hold(e)
        }),
      )
    if (edge.inFlight > 0)
      add(
        `edge ${at}: request ends`,
        here((w, e) => {
          e.inFlight--
          w.served++
          answerIdle(w, e)
        }),
      )
    if (edge.held > 0)
      add(
        `edge ${at}: held client leaves`,
        here((w, e) => {
          e.held--
          w.served++
          answerIdle(w, e)
        }),
      )
    const { block } = edge.view
    if (block !== undefined && !block.acknowledged && !edge.answers.some((answer) => answer.drainId === block.drainId))
      add(
        `edge ${at}: says busy`,
        here((_w, e) => void e.answers.push({ drainId: block.drainId, answer: 'busy' })),
      )
    if (edge.isUp && edge.session.length > 0) add(`edge ${at}: reads its session`, here(readSession))
    if (edge.feed.length > 0)
      add(
        `edge ${at}: reads the feed`,
        here((w, e) => {
          e.view = learnFact(e.view, e.feed.shift()!, ++e.step)
          release(w, e)
        }),
      )
    edge.answers.forEach((_answer, which) => {
      add(
        `host: takes answer ${which} of edge ${at}`,
        here((w, e) => {
          const [answer] = e.answers.splice(which, 1)
          stepHost(w, { type: 'answer', edge: edgeNames[at], ...answer!, required: edgeNames })
        }),
      )
    })
    if (edge.wakesAsked.length > 0 && world.state !== 'stopping' && !(world.isForDeploy && world.drain !== undefined))
      add(`host: takes a wake of edge ${at}`, here(takeWake))
    edge.wakesAnswered.forEach((_reply, which) => {
      add(
        `edge ${at}: takes wake answer ${which}`,
        here((w, e) => {
          const [reply] = e.wakesAnswered.splice(which, 1)
          e.view = learnWoken(e.view, { seq: reply!.seq, endpoint }, reply!.askedAt, ++e.step)
          release(w, e)
        }),
      )
    })
    if (left.drops > 0 && edge.isUp)
      add(
        `edge ${at}: loses its session`,
        here((w, e) => {
          w.left.drops--
          loseEdgeSession(w, e)
        }),
      )
    if (world.connected[at] === true && !edge.isUp) add(`host: sees that edge ${at} is gone`, (w) => loseHostSession(w, at))
    if (!edge.isUp)
      add(
        `edge ${at}: connects`,
        here((w, e) => {
          if (w.connected[at] === true) loseHostSession(w, at)
          w.connected[at] = true
          e.isUp = true
          e.session = [{ type: 'state', fact: factOf(w) }]
        }),
      )
  }
  return actions
}

const factOf = (world: World): MachineFact => ({ seq: world.seq, state: world.state, draining: world.draining, endpoint })
function publish(world: World): void {
  world.seq++
  world.edges.forEach((edge, at) => {
    if (world.connected[at] === true && edge.isUp) edge.session.push({ type: 'state', fact: factOf(world) })
    edge.feed.push(factOf(world))
  })
}
function tell(world: World, message: Message): void {
  world.edges.forEach((edge, at) => {
    if (world.connected[at] === true && edge.isUp) edge.session.push(message)
  })
}

function beginHostDrain(world: World, isTold: boolean): void {
  world.left.drains--
  const drainId = `d${++world.drains}`
  const drain = beginDrain(drainId, edgeNames, new Set(edgeNames.filter((_name, at) => world.connected[at])), world.isForDeploy)
  if (drain.phase === 'over') return
  world.drain = drain
  world.draining = true
  if (isTold) publish(world)
  else world.seq++
  tell(world, { type: 'drain', seq: world.seq, drainId })
}
function stepHost(world: World, event: HostDrainEvent): void {
  if (world.drain === undefined) return
  world.drain = stepDrain(world.drain, event)
  if (world.drain.phase === 'asking') return
  const { outcome, drainId } = world.drain
  world.drain = undefined
  world.draining = false
  if (outcome === 'signal') {
    const inFlight = world.edges.reduce((sum, edge) => sum + edge.inFlight, 0)
    if (inFlight > 0) throw new Error(`the machine is signalled with ${inFlight} requests in flight`)
    world.state = 'stopping'
  }
  publish(world)
  if (outcome !== 'signal') tell(world, { type: 'undrain', seq: world.seq, drainId })
}
function takeWake(world: World, edge: EdgeModel): void {
  if (!world.isForDeploy) stepHost(world, { type: 'wake' })
  if (world.state === 'stopped') {
    world.state = 'started'
    publish(world)
  }
  edge.wakesAnswered.push({ askedAt: edge.wakesAsked.shift()!, seq: world.seq })
}
/** The signal of a drain, once sent, is carried out by the keeper; a drain that was still asking is forgotten. Seq is durable. */
function restartHost(world: World): void {
  world.left.crashes--
  world.drain = undefined
  if (world.draining) {
    world.draining = false
    world.seq++
  }
  world.edges.forEach((edge, at) => {
    world.connected[at] = false
    // What was under way to the dead host, and from it, is lost; a wake is asked for anew.
    edge.answers = []
    edge.wakesAsked = [...edge.wakesAsked, ...edge.wakesAnswered].map(() => edge.step)
    edge.wakesAnswered = []
    if (edge.isUp) loseEdgeSession(world, edge)
  })
}
function loseHostSession(world: World, at: 0 | 1): void {
  world.connected[at] = false
  stepHost(world, { type: 'edge_lost', edge: edgeNames[at] })
}

function loseEdgeSession(world: World, edge: EdgeModel): void {
  edge.isUp = false
  edge.session = []
  edge.view = loseSession(edge.view)
  release(world, edge)
}
function readSession(world: World, edge: EdgeModel): void {
  const message = edge.session.shift()!
  if (message.type === 'state') edge.view = learnFact(edge.view, message.fact, ++edge.step)
  else if (message.type === 'undrain') edge.view = learnUndrain(edge.view, message, ++edge.step)
  else {
    const { view, reply } = learnDrain(edge.view, message, isInUse(world, edge), ++edge.step)
    edge.view = view
    if (reply === 'drained') edge.answers.push({ drainId: message.drainId, answer: reply })
  }
  release(world, edge)
}
const isInUse = (world: World, edge: EdgeModel) => edge.inFlight + (world.isForDeploy ? 0 : edge.held) > 0
function answerIdle(world: World, edge: EdgeModel): void {
  if (isInUse(world, edge)) return
  const { view, reply } = becomeIdle(edge.view)
  edge.view = view
  if (reply !== undefined && view.block !== undefined) edge.answers.push({ drainId: view.block.drainId, answer: reply })
}
/** Held requests go when they can; else a wake is under way for them. */
function release(world: World, edge: EdgeModel): void {
  if (edge.held === 0) return
  const { held } = edge
  edge.held = 0
  if (!sendIfRoutable(world, edge, held)) for (let n = 0; n < held; n++) hold(edge)
}
function hold(edge: EdgeModel): void {
  edge.held++
  if (edge.wakesAsked.length + edge.wakesAnswered.length === 0) edge.wakesAsked.push(edge.step)
}
function sendIfRoutable(world: World, edge: EdgeModel, requests: number): boolean {
  if (!isRoutable(edge.view)) return false
  if (world.state !== 'started') throw new Error(`${requests} requests are sent to a machine that is ${world.state}`)
  edge.inFlight += requests
  return true
}

/** Two worlds with the same key have the same future: of the edge's steps only their order matters. */
export function keyOf(world: World): string {
  const { state, draining, seq, drain, connected, left, edges, served } = world
  const asking = drain?.phase === 'asking' ? [drain.drainId, ...drain.waitingFor].join() : ''
  const parts: unknown[] = [state, draining, seq, asking, connected, left.requests, left.results, left.drains, left.drops, left.crashes, served]
  for (const { view, inFlight, held, isUp, session, feed, answers, wakesAsked, wakesAnswered } of edges) {
    const late = (askedAt: number) => (askedAt < view.learnedAt ? 'l' : '')
    parts.push(
      [view.seq, view.state, view.draining, view.block?.drainId, view.block?.acknowledged, inFlight, held, isUp],
      session.map((message) => (message.type === 'state' ? keyOfFact(message.fact) : message.type + message.seq)),
      feed.map(keyOfFact),
      answers.map(({ drainId, answer }) => drainId + answer),
      wakesAsked.map(late),
      wakesAnswered.map(({ askedAt, seq }) => late(askedAt) + seq),
    )
  }
  return parts.join('|')
}
const keyOfFact = ({ seq, state, draining }: MachineFact) => `${seq}${state}${draining}`

/** After everything that was under way has come to its end, no request may wait, and none may be lost. */
export function checkEnd(world: World, requests: number): void {
  const open = world.edges.reduce((sum, edge) => sum + edge.inFlight + edge.held, 0)
  if (world.drain !== undefined) throw new Error('a drain waits for an answer that nobody gives')
  if (open > 0) throw new Error(`${open} requests wait although nothing happens any more`)
  if (world.served !== requests) throw new Error(`${requests - world.served} requests were lost`)
}
export function cloneWorld(world: World): World {
  const cloneEdge = (edge: EdgeModel): EdgeModel => ({
    ...edge,
    session: [...edge.session],
    feed: [...edge.feed],
    answers: [...edge.answers],
    wakesAsked: [...edge.wakesAsked],
    wakesAnswered: [...edge.wakesAnswered],
  })
  return { ...world, connected: [...world.connected], left: { ...world.left }, edges: [cloneEdge(world.edges[0]), cloneEdge(world.edges[1])] }
}
