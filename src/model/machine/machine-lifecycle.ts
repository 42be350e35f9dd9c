import { machineStates, type MachineState } from './machine-state.ts'

/** What the table needs to know of a machine beside its state. */
export interface LifecycleState {
  readonly state: MachineState
  /** A run of its program exists, or was ordered. */
  readonly hasRun: boolean
  /** In `updating`: the new version is started when the old run is gone. */
  readonly startsAfter: boolean
}
/** What becomes of a machine whose run is gone without a command having asked for it. */
export type ExitVerdict = 'restart' | 'stop' | 'destroy'
export type LifecycleEvent =
  /* commands */
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  | { readonly type: 'suspend' }
  | { readonly type: 'restart' }
  | { readonly type: 'update'; readonly start: boolean }
  | { readonly type: 'destroy'; readonly force: boolean }
  /* facts */
  | { readonly type: 'spawned' }
  /** isTransient: the host is to blame (disk full, keeper away), not the program; it is tried again. */
  | { readonly type: 'spawn_failed'; readonly isFirst: boolean; readonly isTransient: boolean }
  | { readonly type: 'resume_failed' }
  | { readonly type: 'frozen' }
  | { readonly type: 'freeze_failed' }
  | { readonly type: 'exited'; readonly verdict: ExitVerdict }
  | { readonly type: 'back_off_over' }
  | { readonly type: 'removed' }
export type LifecycleEventType = LifecycleEvent['type']
/** terminate: signal, then kill after the timeout; kill: at once; back_off: tell `back_off_over` later; remove: take away what prepare made. */
export type Effect = 'spawn' | 'resume' | 'terminate' | 'kill' | 'freeze' | 'back_off' | 'remove'

export type Transition =
  | { readonly kind: 'go'; readonly next: MachineState; readonly startsAfter: boolean; readonly effects: readonly Effect[] }
  | { readonly kind: 'rejected'; readonly allowed: readonly MachineState[] }

type Step = { readonly next: MachineState; readonly effects?: readonly Effect[]; readonly startsAfter?: boolean } | 'rejected'
type Rule<Event> = Step | ((machine: LifecycleState, event: Event) => Step)
type EventOf<Type extends LifecycleEventType> = Extract<LifecycleEvent, { readonly type: Type }>
type Table = { readonly [Type in LifecycleEventType]: Partial<Readonly<Record<MachineState, Rule<EventOf<Type>>>>> }

const go = (next: MachineState, ...effects: readonly Effect[]): Step => ({ next, effects })
const afterExit = (stay: MachineState) => (_machine: LifecycleState, event: EventOf<'exited'>) =>
  event.verdict === 'destroy' ? go('destroying', 'remove') : go(stay)
const unexpectedEnd: Readonly<Record<ExitVerdict, Step>> = {
  restart: go('restarting', 'back_off'),
  stop: go('stopped'),
  destroy: go('destroying', 'remove'),
}
const byVerdict = (_machine: LifecycleState, event: EventOf<'exited'>): Step => unexpectedEnd[event.verdict]
const destroyLive = (machine: LifecycleState, event: EventOf<'destroy'>): Step =>
  event.force ? go('destroying', machine.hasRun ? 'kill' : 'remove') : 'rejected'
const updateRunning = (_machine: LifecycleState, event: EventOf<'update'>): Step => ({
  next: 'updating',
  effects: ['terminate'],
  startsAfter: event.start,
})
const updateFrozen: Step = { next: 'updating', effects: ['kill'], startsAfter: false }
const updateFailed =
  (stay: MachineState) =>
  (_machine: LifecycleState, event: EventOf<'update'>): Step =>
    event.start ? go('starting', 'spawn') : go(stay)
const tryLater = go('restarting', 'back_off')
const afterUpdate = (machine: LifecycleState): Step => (machine.startsAfter ? go('starting', 'spawn') : go('stopped'))

/**
 * The life of a machine (platform-semantics §3.1, flyctl-contract §3.9). A command that finds its wish fulfilled, or on its way, is accepted without
 * effects; a pair that is missing is a rejected command, or a fact that comes too late and changes nothing.
 */
const table: Table = {
  start: {
    created: go('starting', 'spawn'),
    stopped: go('starting', 'spawn'),
    failed: go('starting', 'spawn'),
    launch_failed: go('starting', 'spawn'),
    suspended: go('starting', 'resume'),
    starting: go('starting'),
    started: go('started'),
    restarting: go('restarting'),
    updating: { next: 'updating', startsAfter: true },
  },
  stop: {
    created: go('stopped'),
    failed: go('stopped'),
    launch_failed: go('stopped'),
    stopped: go('stopped'),
    stopping: go('stopping'),
    starting: go('stopping', 'terminate'),
    started: go('stopping', 'terminate'),
    restarting: (machine) => (machine.hasRun ? go('stopping', 'terminate') : go('stopped')),
    suspending: go('stopping', 'kill'),
    suspended: go('stopping', 'kill'),
    updating: go('stopping'),
  },
  suspend: { started: go('suspending', 'freeze'), suspending: go('suspending'), suspended: go('suspended') },
  restart: {
    created: go('starting', 'spawn'),
    stopped: go('starting', 'spawn'),
    failed: go('starting', 'spawn'),
    launch_failed: go('starting', 'spawn'),
    starting: go('restarting', 'terminate'),
    started: go('restarting', 'terminate'),
    suspended: go('restarting', 'kill'),
    restarting: go('restarting'),
  },
  update: {
    created: go('created'),
    stopped: go('stopped'),
    stopping: go('stopping'),
    failed: updateFailed('failed'),
    launch_failed: updateFailed('launch_failed'),
    starting: updateRunning,
    started: updateRunning,
    restarting: (machine, event) => {
      if (machine.hasRun) return { next: 'updating', startsAfter: event.start }
      return event.start ? go('starting', 'spawn') : go('stopped')
    },
    suspending: updateFrozen,
    suspended: updateFrozen,
    updating: (machine, event) => ({ next: 'updating', startsAfter: machine.startsAfter && event.start }),
  },
  destroy: {
    created: go('destroying', 'remove'),
    stopped: go('destroying', 'remove'),
    failed: go('destroying', 'remove'),
    launch_failed: go('destroying', 'remove'),
    suspended: go('destroying', 'kill'),
    suspending: destroyLive,
    starting: destroyLive,
    started: destroyLive,
    stopping: destroyLive,
    restarting: destroyLive,
    updating: destroyLive,
    destroying: go('destroying'),
    destroyed: go('destroyed'),
  },
  spawned: { starting: go('started') },
  spawn_failed: {
    starting: (_machine, event) => (event.isTransient ? tryLater : go(event.isFirst ? 'launch_failed' : 'failed')),
    stopping: go('stopped'),
    restarting: (_machine, event) => (event.isTransient ? tryLater : go('failed')),
    updating: afterUpdate,
    destroying: go('destroying', 'remove'),
  },
  resume_failed: { starting: go('restarting', 'kill') },
  frozen: { suspending: go('suspended') },
  freeze_failed: { suspending: go('stopping', 'terminate') },
  exited: {
    starting: byVerdict,
    started: byVerdict,
    stopping: afterExit('stopped'),
    suspending: afterExit('stopped'),
    suspended: afterExit('stopped'),
    restarting: go('starting', 'spawn'),
    updating: afterUpdate,
    destroying: go('destroying', 'remove'),
  },
  back_off_over: { restarting: (machine) => (machine.hasRun ? go('restarting') : go('starting', 'spawn')) },
  removed: { destroying: (machine) => (machine.hasRun ? go('destroying') : go('destroyed')) },
}

const commands: readonly LifecycleEventType[] = ['start', 'stop', 'suspend', 'restart', 'update', 'destroy']

/** One step of a machine's life: where it goes and what must be done once that is recorded, or from which states the command is possible. */
export function transition(machine: LifecycleState, event: LifecycleEvent): Transition {
  const row = table[event.type] as Partial<Readonly<Record<MachineState, Rule<LifecycleEvent>>>>
  const rule = row[machine.state]
  const step = typeof rule === 'function' ? rule(machine, event) : rule
  if (step !== undefined && step !== 'rejected') {
    return { kind: 'go', next: step.next, startsAfter: step.startsAfter ?? false, effects: step.effects ?? [] }
  }
  if (commands.includes(event.type)) return { kind: 'rejected', allowed: allowedFrom(row, machine, event) }
  return { kind: 'go', next: machine.state, startsAfter: machine.startsAfter, effects: [] }
}

const allowedFrom = (row: Partial<Readonly<Record<MachineState, Rule<LifecycleEvent>>>>, machine: LifecycleState, event: LifecycleEvent) =>
  machineStates.filter((state) => {
    const rule = row[state]
    return rule !== undefined && (typeof rule === 'function' ? rule({ ...machine, state }, event) : rule) !== 'rejected'
  })
