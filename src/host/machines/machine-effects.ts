import { isFault, type FaultCode } from '../../model/fault/fault.ts'
import type { Effect } from '../../model/machine/machine-lifecycle.ts'
import { stopConfigOf } from '../../model/machine/stop-config.ts'
import type { Machine } from './machine.ts'
import { withoutRun } from './machine-step.ts'
import { runSpecOf } from './run-spec.ts'

const spawnAttempts = 4
/** Before the next attempts when all of them met trouble of the host's. */
const transientPauseMs = 5_000
/** How long after an end the runtime may take to report the exit before the host draws the conclusion by itself. */
const exitReportMs = 2_000

/** Starts an effect and comes back; its outcome arrives at the machine as a fact. */
export function performEffect(machine: Machine, effect: Exclude<Effect, 'back_off'>): void {
  const runId = machine.row.run?.runId
  switch (effect) {
    case 'spawn':
      if (runId !== undefined) machine.spawning = spawn(machine, runId)
      return
    case 'resume':
      if (runId !== undefined) machine.spawning = resume(machine, runId)
      return
    case 'terminate':
    case 'kill':
      if (runId !== undefined) void end(machine, runId, effect)
      return
    case 'freeze':
      if (runId !== undefined) void freeze(machine, runId)
      return
    case 'remove':
      void remove(machine)
      return
  }
}

async function spawn(machine: Machine, runId: string): Promise<void> {
  const { runtime, secrets, clock, log, runtimeReady } = machine.context
  const beganMs = clock.monotonic()
  for (let attempt = 1; ; attempt++) {
    try {
      await machine.prepare()
      const env = await secrets.of(machine.row.desired)
      await runtimeReady()
      const { row } = machine
      if (row.run?.runId !== runId || machine.isClosed) return
      const handle = await runtime.start(runSpecOf(row.desired, row.endpoint, env), runId)
      machine.noteUsed()
      machine.runnerLog(`Machine started in ${Math.round(clock.monotonic() - beganMs)}ms`)
      return void machine.spawned(handle)
    } catch (error) {
      if (machine.row.run?.runId !== runId || machine.isClosed) return
      const reason = error instanceof Error ? error.message : String(error)
      log.warn('machine did not start', { machine: machine.id, attempt, error })
      // A fault is the runtime's answer; anything else, its supervisor being away or its disk being full above all, may pass.
      const isTransient = !isFault(error) || mayPass(error.code)
      if (isTransient && attempt < spawnAttempts) {
        await clock.sleep(100 * 2 ** attempt)
        continue
      }
      machine.runnerLog(`Machine could not be started${isTransient ? ' now, it will be tried again' : ''}: ${reason}`, 'error')
      const failed = { type: 'spawn_failed', isFirst: !machine.row.hasLaunched, isTransient } as const
      return void machine.fact(runId, failed, 'start', withoutRun, transientPauseMs)
    }
  }
}

const mayPass = (code: FaultCode) => code === 'runtime_lost' || code === 'secrets_unavailable'

async function resume(machine: Machine, runId: string): Promise<void> {
  const { runtime, clock, log } = machine.context
  const beganMs = clock.monotonic()
  try {
    await runtime.resume(machine.id, runId)
    machine.runnerLog(`Machine resumed in ${Math.round(clock.monotonic() - beganMs)}ms`)
    void machine.fact(runId, { type: 'spawned' }, 'resume')
  } catch (error) {
    log.warn('machine did not resume, it starts anew', { machine: machine.id, error })
    void machine.fact(runId, { type: 'resume_failed' }, 'resume')
  }
}

async function freeze(machine: Machine, runId: string): Promise<void> {
  machine.runnerLog('Suspending machine')
  try {
    await machine.context.runtime.suspend(machine.id, runId)
    void machine.fact(runId, { type: 'frozen' }, 'suspend')
  } catch (error) {
    machine.context.log.warn('machine cannot be suspended, it is stopped', { machine: machine.id, error })
    void machine.fact(runId, { type: 'freeze_failed' }, 'suspend', (row) => ({ ...row, stop: row.stop ?? stopConfigOf(row.desired.config) }))
  }
}

async function end(machine: Machine, runId: string, how: 'terminate' | 'kill'): Promise<void> {
  const { runtime, clock, log } = machine.context
  await machine.spawning
  if (machine.row.run?.runId !== runId) return
  const stop = how === 'kill' ? { signal: 'SIGKILL', timeoutMs: 0 } : (machine.row.stop ?? stopConfigOf(machine.row.desired.config))
  if (how === 'terminate') machine.runnerLog(`Sending signal ${stop.signal} to main child process`)
  try {
    await runtime.stop(machine.id, runId, stop)
  } catch (error) {
    log.warn('machine was not ended by the runtime', { machine: machine.id, error })
  }
  clock.timer(exitReportMs, () => {
    if (machine.row.run?.runId !== runId || machine.isClosed) return
    log.warn('no exit was reported for an ended run', { machine: machine.id, runId })
    void machine.exited(
      { machine: machine.id, runId, exitCode: 137, signal: 9, oomKilled: false, exitedAtMs: clock.now(), cause: 'exit' },
      { isHostLoss: false },
    )
  })
}

async function remove(machine: Machine): Promise<void> {
  const { runtime, clock, log } = machine.context
  for (let attempt = 1; attempt <= 3; attempt++) {
    try {
      await runtime.remove(machine.id)
      break
    } catch (error) {
      log.warn('machine’s files not removed', { machine: machine.id, attempt, error })
      await clock.sleep(200 * attempt)
    }
  }
  void machine.fact(undefined, { type: 'removed' }, 'destroy')
}
