import type { EdgeId } from '../ids.ts'

/**
 * The host's half of taking a machine out of service (the edge's half is `edge-drain`): no signal before every edge that may send has said that nothing is
 * in flight there. An edge that cannot be asked calls the drain off, so does a request that arrives meanwhile.
 */
export type HostDrain =
  | {
      readonly phase: 'asking'
      readonly drainId: string
      readonly waitingFor: ReadonlySet<EdgeId>
      readonly drained: ReadonlySet<EdgeId>
      /** `busy` is no end: the edge says `drained` when it is so, and that is waited for until the timeout. A deploy's drain is patient. */
      readonly isPatient: boolean
    }
  | { readonly phase: 'over'; readonly drainId: string; readonly outcome: 'signal' | 'busy' | 'cancelled' }
export type HostDrainEvent =
  /** `required` are the edges that must have acknowledged, as known at this moment. */
  | {
      readonly type: 'answer'
      readonly edge: EdgeId
      readonly drainId: string
      readonly answer: 'drained' | 'busy'
      readonly required: readonly EdgeId[]
    }
  /** An edge's session ended: what it answered no longer counts, its successor may have learned other routes. */
  | { readonly type: 'edge_lost'; readonly edge: EdgeId }
  | { readonly type: 'wake' }
  | { readonly type: 'timeout' }
  /** The machine left `started` on its own or by a command. */
  | { readonly type: 'machine_changed' }

/** Whether anything may begin at all: each required edge has a session. With no edge there is nothing to wait for. */
export function beginDrain(drainId: string, required: readonly EdgeId[], connected: ReadonlySet<EdgeId>, isPatient = false): HostDrain {
  if (required.some((edge) => !connected.has(edge))) return { phase: 'over', drainId, outcome: 'cancelled' }
  const waitingFor = new Set([...required, ...connected])
  return waitingFor.size === 0
    ? { phase: 'over', drainId, outcome: 'signal' }
    : { phase: 'asking', drainId, waitingFor, drained: new Set(), isPatient }
}

/** `over` with `signal` says that the machine may be stopped now; with another outcome, that the edges must be told `undrain`. */
export function stepDrain(drain: HostDrain, event: HostDrainEvent): HostDrain {
  if (drain.phase === 'over') return drain
  const over = (outcome: 'signal' | 'busy' | 'cancelled'): HostDrain => ({ phase: 'over', drainId: drain.drainId, outcome })
  switch (event.type) {
    case 'answer': {
      const hasPart = drain.waitingFor.has(event.edge) || drain.drained.has(event.edge)
      if (event.drainId !== drain.drainId || !hasPart) return drain
      // An edge that has drained stays so: a `busy` behind its `drained` was only slower.
      if (event.answer === 'busy') return drain.isPatient ? drain : over('busy')
      const drained = new Set([...drain.drained, event.edge])
      const waitingFor = new Set([...drain.waitingFor].filter((edge) => edge !== event.edge))
      if (waitingFor.size > 0) return { ...drain, waitingFor, drained }
      return event.required.every((edge) => drained.has(edge)) ? over('signal') : over('cancelled')
    }
    case 'edge_lost':
      return drain.waitingFor.has(event.edge) || drain.drained.has(event.edge) ? over('cancelled') : drain
    case 'timeout':
      return over('busy')
    case 'wake':
    case 'machine_changed':
      break
  }
  return over('cancelled')
}
