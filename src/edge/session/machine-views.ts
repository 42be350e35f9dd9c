import {
  becomeIdle,
  learnDrain,
  learnFact,
  learnUndrain,
  learnWoken,
  loseSession,
  type DrainReply,
  type MachineFact,
  type MachineView,
} from '../../model/drain/edge-drain.ts'
import type { HostId, MachineId } from '../../model/ids.ts'
import type { MachineEndpoint } from '../../model/machine/machine-record.ts'

/** Told of machines that the routes do not name yet: so many at most, the oldest go first. */
const maxStrangers = 10_000

/** What the edge knows of every machine's state, whoever said it. Effects of the pure half in model/drain: whom to tell when a view has changed. */
export class MachineViews {
  readonly #views = new Map<MachineId, { host: HostId; view: MachineView }>()
  readonly #strangers = new Set<MachineId>()
  readonly #onChange: (id: MachineId) => void
  #step = 0
  constructor(onChange: (id: MachineId) => void) {
    this.#onChange = onChange
  }

  /** A mark for `woken`: taken when the wake is asked for. */
  get step(): number {
    return this.#step
  }
  get(id: MachineId): MachineView | undefined {
    return this.#views.get(id)?.view
  }

  /** From the route feed: the machine is known now, whatever its sessions said before. Calls no listener: who reads the feed looks at the view next. */
  route(host: HostId, id: MachineId, fact: MachineFact): MachineView {
    this.#strangers.delete(id)
    const view = learnFact(this.get(id), fact, ++this.#step)
    this.#views.set(id, { host, view })
    return view
  }
  forget(id: MachineId): void {
    this.#views.delete(id)
    this.#strangers.delete(id)
  }

  state(host: HostId, id: MachineId, fact: MachineFact): void {
    this.#put(host, id, learnFact(this.get(id), fact, ++this.#step))
  }
  drain(host: HostId, id: MachineId, drain: { readonly seq: number; readonly drainId: string }, isInUse: boolean): DrainReply | undefined {
    const { view, reply } = learnDrain(this.get(id), drain, isInUse, ++this.#step)
    this.#put(host, id, view)
    return reply
  }
  undrain(host: HostId, id: MachineId, undrain: { readonly seq: number; readonly drainId: string }): void {
    const view = this.get(id)
    if (view !== undefined) this.#put(host, id, learnUndrain(view, undrain, ++this.#step))
  }
  woken(host: HostId, id: MachineId, reply: { readonly seq: number; readonly endpoint: MachineEndpoint }, askedAt: number): void {
    this.#put(host, id, learnWoken(this.get(id), reply, askedAt, ++this.#step))
  }
  /** Nothing is in flight at the machine any more. Gives what to answer, and to which drain. */
  idle(id: MachineId): { readonly host: HostId; readonly drainId: string; readonly reply: DrainReply } | undefined {
    const known = this.#views.get(id)
    if (known === undefined) return undefined
    const { view, reply } = becomeIdle(known.view)
    known.view = view
    return reply && view.block ? { host: known.host, drainId: view.block.drainId, reply } : undefined
  }
  sessionLost(host: HostId): void {
    for (const [id, known] of this.#views) if (known.host === host) this.#put(host, id, loseSession(known.view))
  }

  #put(host: HostId, id: MachineId, view: MachineView): void {
    const before = this.#views.get(id)
    if (before?.view === view && before.host === host) return
    if (before === undefined) this.#remember(id)
    this.#views.set(id, { host, view })
    this.#onChange(id)
  }
  #remember(id: MachineId): void {
    this.#strangers.add(id)
    if (this.#strangers.size <= maxStrangers) return
    const [oldest] = this.#strangers
    if (oldest !== undefined) this.forget(oldest)
  }
}
