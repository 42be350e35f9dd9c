import { isFault } from '../../model/fault/fault.ts'
import { ulid, type EdgeId, type MachineId } from '../../model/ids.ts'
import { beginDrain, stepDrain, type HostDrain, type HostDrainEvent } from '../../model/drain/host-drain.ts'
import { liveLease } from '../../model/machine/machine-lease.ts'
import type { MachineState } from '../../model/machine/machine-state.ts'
import { maxStopTimeoutMs, stopConfigOf } from '../../model/machine/stop-config.ts'
import type { DrainAnswer } from '../../protocol/edge-session.ts'
import type { HostPort } from '../../protocol/host-port.ts'
import type { Machine } from '../machines/machine.ts'
import { passed } from '../machines/wait-machine.ts'
import type { EdgeSessions } from './edge-sessions.ts'

type DrainOptions = Parameters<HostPort['drainMachine']>[1]
type DrainOutcome = Awaited<ReturnType<HostPort['drainMachine']>>

/** Carries the drains of a host's machines: `model/drain` decides, here the edges are told and the machine is stopped. */
export interface Drains {
  /** A second drain of a machine joins the first. */
  drain(machine: Machine, options: DrainOptions): Promise<DrainOutcome>
  answer(answer: DrainAnswer): void
  /** A request wants the machine: a drain that has not come to its signal is called off, unless a deploy wants the machine more. */
  callOff(id: MachineId): void
  /** Drained for a deploy and not at its new version yet: a wake waits, or it would bring the old version back under the deploy's hands. */
  isHeld(machine: Machine): boolean
  /** Calls when a hold ends without a new version: the deploy did not go on. */
  onRelease(id: MachineId, listener: () => void): Disposable
}
/** No request is at such a machine, and none is sent there without a wake. */
const restingStates: readonly MachineState[] = ['stopped', 'suspended', 'created', 'failed', 'launch_failed', 'restarting', 'destroying', 'destroyed']
/** What comes of these is waited for, by a deploy: it goes on with the machine in any case. */
const passingStates: readonly MachineState[] = ['starting', 'stopping', 'suspending', 'updating']
const passingMs = 5_000
/** How long wakes wait for a deploy to go on with the machine it drained. */
const holdMs = 10_000
interface Running {
  readonly outcome: Promise<DrainOutcome>
  readonly reason: DrainOptions['reason']
  step(event: HostDrainEvent): void
}

export function openDrains(deps: { readonly sessions: EdgeSessions; readonly edges: () => readonly EdgeId[] }): Drains {
  const running = new Map<MachineId, Running>()
  const held = new Map<MachineId, { readonly instanceId: string; readonly [Symbol.dispose]: () => void }>()
  const releases = new Set<{ readonly id: MachineId; readonly call: () => void }>()
  deps.sessions.onLost((edge) => {
    for (const drain of running.values()) drain.step({ type: 'edge_lost', edge })
  })

  /** Set before the machine is signalled, so that no wake slips in between. */
  function hold(machine: Machine): void {
    release(machine.id)
    const { instanceId } = machine.row.desired
    const timer = machine.context.clock.timer(holdMs, () => release(machine.id))
    const listener = machine.onChange((_before, after) => {
      if (after.desired.instanceId !== instanceId || after.state === 'destroying') release(machine.id)
    })
    const end = () => {
      timer[Symbol.dispose]()
      listener[Symbol.dispose]()
    }
    held.set(machine.id, { instanceId, [Symbol.dispose]: end })
  }
  function release(id: MachineId): void {
    held.get(id)?.[Symbol.dispose]()
    if (held.delete(id)) for (const listener of releases) if (listener.id === id) listener.call()
  }

  function begin(machine: Machine, options: DrainOptions): Running {
    const { clock, random } = machine.context
    const drainId = ulid(clock.now(), random)
    let state: HostDrain = beginDrain(drainId, deps.edges(), deps.sessions.connected(), options.reason === 'deploy')
    const over = Promise.withResolvers<'signal' | 'busy' | 'cancelled'>()
    const settle = () => {
      if (state.phase === 'over') over.resolve(state.outcome)
    }
    settle()
    const step = (event: HostDrainEvent) => {
      state = stepDrain(state, event)
      settle()
    }
    const carry = async (): Promise<DrainOutcome> => {
      if (state.phase === 'over' && state.outcome !== 'signal') return state.outcome
      const row = await machine.adjust((row) => (row.state === 'started' ? { ...row, draining: true } : undefined))
      if (!row.draining) return 'cancelled'
      using _listener = machine.onChange((_before, after) => {
        if (after.state !== 'started') step({ type: 'machine_changed' })
      })
      using _timer = clock.timer(options.timeoutMs, () => step({ type: 'timeout' }))
      deps.sessions.send({ type: 'drain', id: machine.id, seq: row.seq, drainId, ...(options.reason === 'deploy' ? { forDeploy: true } : {}) })
      const outcome = await over.promise
      if (outcome === 'signal') {
        if (options.reason === 'deploy') hold(machine)
        if (await end(machine, options)) return 'stopped'
        release(machine.id)
      }
      const back = await machine.adjust((row) => (row.draining ? { ...row, draining: false } : undefined))
      deps.sessions.send({ type: 'undrain', id: machine.id, seq: back.seq, drainId })
      return outcome === 'busy' ? 'busy' : 'cancelled'
    }
    return { outcome: carry(), reason: options.reason, step }
  }

  return {
    async drain(machine, options) {
      if (options.reason === 'deploy') await passed(machine, passingStates, passingMs)
      const { state, lease } = machine.row
      if (restingStates.includes(state)) {
        if (options.reason === 'deploy') hold(machine)
        return 'stopped'
      }
      if (state !== 'started') return 'cancelled'
      // Whoever holds a lease works on the machine: idleness is none of its business.
      if (options.reason === 'idle' && liveLease(lease, machine.context.clock.now())) return 'cancelled'
      const joined = running.get(machine.id)
      if (joined !== undefined) return await joined.outcome
      const drain = begin(machine, options)
      running.set(machine.id, drain)
      try {
        return await drain.outcome
      } finally {
        running.delete(machine.id)
      }
    },
    answer(answer) {
      running.get(answer.machine)?.step({ type: 'answer', ...answer, required: deps.edges() })
    },
    callOff(id) {
      const drain = running.get(id)
      if (drain?.reason === 'idle') drain.step({ type: 'wake' })
    },
    isHeld: (machine) => held.get(machine.id)?.instanceId === machine.row.desired.instanceId,
    onRelease(id, call) {
      const listener = { id, call }
      releases.add(listener)
      return { [Symbol.dispose]: () => releases.delete(listener) }
    },
  }
}

/** False when the machine has meanwhile gone another way. */
async function end(machine: Machine, options: DrainOptions): Promise<boolean> {
  machine.runnerLog(options.reason === 'idle' ? 'Machine is idle, it is taken down until the next request' : 'Machine is drained for a deploy')
  try {
    await machine.command(
      { type: options.mode },
      { action: options.mode, type: options.mode, source: options.reason === 'idle' ? 'proxy' : 'flyd' },
      (row) => ({ ...row, stop: stopConfigOf(row.desired.config) }),
    )
    // Whoever drains goes on with the machine: it hears of it when the program has ended.
    await passed(machine, ['stopping', 'suspending'], maxStopTimeoutMs)
    return machine.row.state !== 'started'
  } catch (error) {
    if (!isFault(error)) throw error
    machine.context.log.warn('drained machine was not stopped', { machine: machine.id, error })
    return false
  }
}
