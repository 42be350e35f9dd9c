import type { MachineEndpoint } from '../machine/machine-record.ts'
import type { MachineState } from '../machine/machine-state.ts'

/**
 * The edge's half of taking a machine out of service (the host's half is `host-drain`; ADR 0008 has the argument). What an edge knows of one machine comes
 * from three sources that are not in step: the route feed, the host's session and the answers to wakes. The highest `seq` wins. Once an edge has said
 * `drained` it sends nothing to the machine until it learns something later than the drain.
 */
export interface MachineView {
  readonly seq: number
  readonly state: MachineState
  readonly draining: boolean
  /** An empty address where only a drain was heard of so far. */
  readonly endpoint: MachineEndpoint
  /** The `seq` at which this run was first seen: connections of another run are not used. */
  readonly run: number
  /** A wake was answered in this run: its port has accepted. */
  readonly isProven: boolean
  /** The edge's own step at which it learned the newest fact; a wake asked for later than that is answered with this fact known. */
  readonly learnedAt: number
  readonly block?: DrainBlock
}
export interface DrainBlock {
  readonly drainId: string
  /** The answer `drained` is on its way or has arrived: the host may signal the machine at any moment. */
  readonly acknowledged: boolean
}
export interface MachineFact {
  readonly seq: number
  readonly state: MachineState
  readonly draining: boolean
  readonly endpoint: MachineEndpoint
}
export type DrainReply = 'drained' | 'busy'

/** A request may be sent at once. */
export const isRoutable = (view: MachineView): boolean =>
  view.state === 'started' && !view.draining && view.block === undefined && view.endpoint.address !== ''

/** A state from the feed or a session; a stale one changes nothing (the same object comes back). */
export function learnFact(view: MachineView | undefined, fact: MachineFact, step: number): MachineView {
  if (view === undefined) return { ...fact, run: fact.seq, isProven: false, learnedAt: step }
  if (fact.seq <= view.seq) return view.endpoint.address === '' ? { ...view, endpoint: fact.endpoint } : view
  const sameRun = fact.state === 'started' && view.state === 'started' && fact.seq === view.seq + 1
  const stillDraining = fact.draining && fact.state === 'started' && view.block !== undefined
  return {
    seq: fact.seq,
    state: fact.state,
    draining: fact.draining,
    endpoint: fact.endpoint,
    run: sameRun ? view.run : fact.seq,
    isProven: sameRun && view.isProven,
    learnedAt: step,
    ...(stillDraining ? { block: view.block } : {}),
  }
}

/**
 * `drain` on the session. `isInUse`: a request is in flight at the machine, or held for its wake. No reply when it is known already that the drain is over;
 * a later state that says that the machine is still draining (a check's result, say) only overtook it.
 */
export function learnDrain(
  view: MachineView | undefined,
  drain: { readonly seq: number; readonly drainId: string },
  isInUse: boolean,
  step: number,
): { readonly view: MachineView; readonly reply?: DrainReply } {
  if (view !== undefined && drain.seq < view.seq && !(view.state === 'started' && view.draining)) return { view }
  const known = view ?? { state: 'started' as const, draining: false, endpoint: { address: '' }, run: drain.seq, isProven: false }
  const next = { ...known, seq: Math.max(view?.seq ?? 0, drain.seq), learnedAt: step, block: { drainId: drain.drainId, acknowledged: !isInUse } }
  return { view: next, reply: isInUse ? 'busy' : 'drained' }
}

/** The last request at the machine ended: what the host still waits for is said now. */
export function becomeIdle(view: MachineView): { readonly view: MachineView; readonly reply?: DrainReply } {
  if (view.block === undefined || view.block.acknowledged) return { view }
  return { view: { ...view, block: { ...view.block, acknowledged: true } }, reply: 'drained' }
}

/** `undrain` on the session. It follows its drain in order, so it needs no higher `seq` than that. */
export function learnUndrain(view: MachineView, undrain: { readonly seq: number; readonly drainId: string }, step: number): MachineView {
  if (view.block?.drainId !== undrain.drainId && undrain.seq <= view.seq) return view
  return { ...unblocked(view), seq: Math.max(view.seq, undrain.seq), draining: false, learnedAt: step }
}

/**
 * The host's answer to a wake that was asked for at `askedAt`. An answer from before a drain may arrive after it: it counts only when its `seq` is later,
 * or when the wake was asked for with everything known that is known now.
 */
export function learnWoken(
  view: MachineView | undefined,
  reply: { readonly seq: number; readonly endpoint: MachineEndpoint },
  askedAt: number,
  step: number,
): MachineView {
  if (view !== undefined && reply.seq <= view.seq && askedAt < view.learnedAt) return view
  const seq = Math.max(view?.seq ?? 0, reply.seq)
  const sameRun = view !== undefined && view.state === 'started' && seq <= view.seq + 1
  return { seq, state: 'started', draining: false, endpoint: reply.endpoint, run: sameRun ? view.run : seq, isProven: true, learnedAt: step }
}

/**
 * The session with the machine's host ended. A drain that this edge has not acknowledged can no longer come to its end: it is void. One that it has
 * acknowledged may have been carried out: the block stays until a state, an undrain or a wake says otherwise.
 */
export function loseSession(view: MachineView): MachineView {
  if (view.block?.acknowledged === true) return view
  if (view.block === undefined && !view.draining) return view
  return { ...unblocked(view), draining: false }
}

function unblocked(view: MachineView): MachineView {
  const { block: _, ...rest } = view
  return rest
}
