import { fault, isFault, type Fault } from '../../model/fault/fault.ts'
import { endpointPort } from '../../model/machine/machine-record.ts'
import { isWakeable } from '../../model/machine/machine-state.ts'
import type { WakeReply, WakeRequest } from '../../protocol/edge-session.ts'
import { machineOf, type HostCore } from '../machines/host-core.ts'
import type { Machine } from '../machines/machine.ts'
import type { MachineRow } from '../machines/machine-row.ts'
import { describeListening } from '../runtime/process/describe-listening.ts'
import type { Drains } from './drains.ts'
import { pollPort } from './poll-port.ts'

const lastLines = 5

/** Wakes machines for edges. Needs neither the platform's store nor a working database: the record of a wake is written beside it. */
export interface Wakes {
  /** Resolves when the port accepts. Faults wake_timeout, not_listening, wake_refused, machine_exited, machine_not_found. */
  wake(request: WakeRequest): Promise<WakeReply>
}
interface Attempt {
  readonly result: Promise<WakeReply>
  readonly giveUp: AbortController
  waiting: number
}

export function openWakes(core: HostCore, drains: Drains): Wakes {
  /** By machine and port: what many requests wait for is done once, and left when the last one has left. */
  const attempts = new Map<string, Attempt>()

  function attemptOf(machine: Machine, port: number): Attempt {
    const key = `${machine.id}:${port}`
    const found = attempts.get(key)
    if (found !== undefined) return found
    const giveUp = new AbortController()
    const result = wakeOnce(core, drains, machine, port, giveUp.signal)
    const attempt: Attempt = { result, giveUp, waiting: 0 }
    attempts.set(key, attempt)
    const tidy = () => {
      if (attempts.get(key) === attempt) attempts.delete(key)
    }
    result.then(tidy, tidy)
    return attempt
  }

  return {
    async wake({ machine: id, internalPort, deadlineMs }) {
      const machine = machineOf(core, id)
      drains.callOff(id)
      const attempt = attemptOf(machine, internalPort)
      attempt.waiting++
      const { promise, resolve } = Promise.withResolvers<'late'>()
      using _timer = core.context.clock.timer(deadlineMs, () => resolve('late'))
      try {
        const result = await Promise.race([attempt.result, promise])
        if (result !== 'late') return result
        throw await lateFault(machine, internalPort, deadlineMs)
      } finally {
        if (--attempt.waiting === 0) attempt.giveUp.abort(new Error('nobody waits for this wake any more'))
      }
    },
  }
}

async function wakeOnce(core: HostCore, drains: Drains, machine: Machine, port: number, giveUp: AbortSignal): Promise<WakeReply> {
  for (;;) {
    const row = await started(drains, machine, giveUp)
    // The run may end before its port is open: whichever comes first.
    const runOver = new AbortController()
    using _listener = machine.onChange((before, after) => {
      if (after.run?.runId !== row.run?.runId || after.state !== 'started') runOver.abort(wasUnexpected(before, after) ? exitOf(after) : undefined)
    })
    if (machine.row.run?.runId !== row.run?.runId || machine.row.state !== 'started') continue
    try {
      await pollPort(core.context.clock, row.endpoint.address, endpointPort(row.endpoint, port), AbortSignal.any([giveUp, runOver.signal]))
      const open = await machine.opened(row.run?.runId)
      return { seq: open.seq, endpoint: open.endpoint }
    } catch (error) {
      if (giveUp.aborted) throw error
      if (error instanceof EarlyExit) throw await exitFault(machine, error.exitCode)
      // A command ended the run: the request waits for the next one.
    }
  }
}

class EarlyExit extends Error {
  readonly exitCode: number
  constructor(exitCode: number) {
    super(`exit code ${exitCode}`)
    this.exitCode = exitCode
  }
}
const exitOf = (row: MachineRow) => new EarlyExit(row.events[0]?.request?.exit_event?.exit_code ?? 0)
/** The change is the end of a run that nobody asked for, by the program's own doing: what a dying keeper took along is not counted as a restart, and comes back. */
const wasUnexpected = (before: MachineRow, after: MachineRow) =>
  !(after.state === 'restarting' && after.restartCount === before.restartCount) &&
  before.run !== undefined &&
  after.run?.runId !== before.run.runId &&
  after.events[0]?.request?.exit_event?.requested_stop === false

/** Resolves with the row once the machine is started and takes requests; starts it where it sleeps. */
function started(drains: Drains, machine: Machine, giveUp: AbortSignal): Promise<MachineRow> {
  const { promise, resolve, reject } = Promise.withResolvers<MachineRow>()
  const look = (row: MachineRow): void => {
    if (row.state === 'started' && !row.draining) return resolve(row)
    if (isWakeable(row.state)) {
      if (drains.isHeld(machine)) return
      machine.start({ action: 'wake', type: 'start', source: 'proxy' }).catch((error: unknown) => {
        // Another command was faster; its change is looked at in its turn.
        if (!isFault(error, 'machine_state')) reject(error instanceof Error ? error : new Error(String(error)))
      })
      return
    }
    const refused = refusalOf(row)
    if (refused !== undefined) reject(refused)
  }
  const listener = machine.onChange((before, after) => {
    if (wasUnexpected(before, after) && after.state !== 'started') {
      exitFault(machine, exitOf(after).exitCode).then(reject, reject)
    } else if (before.state !== after.state || before.draining !== after.draining) look(after)
  })
  const released = drains.onRelease(machine.id, () => look(machine.row))
  const onAbort = () => reject(giveUp.reason as Error)
  giveUp.addEventListener('abort', onAbort, { once: true })
  look(machine.row)
  return promise.finally(() => {
    listener[Symbol.dispose]()
    released[Symbol.dispose]()
    giveUp.removeEventListener('abort', onAbort)
  })
}

function refusalOf(row: MachineRow): Fault | undefined {
  const { id } = row.desired
  if (row.state === 'failed' || row.state === 'launch_failed') return fault('wake_refused', { id, reason: 'its last start failed, see the logs' })
  if (row.state === 'destroying') return fault('wake_refused', { id, reason: 'it is being destroyed' })
  return row.state === 'destroyed' ? fault('machine_not_found', { id }) : undefined
}

async function exitFault(machine: Machine, exitCode: number): Promise<Fault> {
  const { logs, log } = machine.context
  try {
    const lines = await logs.read({ app: machine.row.desired.app, machine: machine.id, limit: 20 })
    const own = lines.filter((line) => line.provider === 'app').slice(-lastLines)
    return fault('machine_exited', { id: machine.id, exitCode, lastLines: own.map((line) => line.message) })
  } catch (error) {
    log.warn('last lines of a machine not read', { machine: machine.id, error })
    return fault('machine_exited', { id: machine.id, exitCode, lastLines: [] })
  }
}

async function lateFault(machine: Machine, port: number, afterMs: number): Promise<Fault> {
  const { row, context } = machine
  if (row.state !== 'started' || row.run === undefined) return fault('wake_timeout', { id: machine.id, afterMs })
  try {
    const pids = await context.runtime.pids(machine.id, row.run.runId)
    return fault('not_listening', { id: machine.id, port, found: await describeListening(pids, row.endpoint, port) })
  } catch (error) {
    context.log.warn('cannot say where a machine listens', { machine: machine.id, error })
    return fault('not_listening', { id: machine.id, port, found: `nothing within ${afterMs / 1000} s` })
  }
}
