import type { Effect, ExitVerdict } from '../../model/machine/machine-lifecycle.ts'
import type { RunExit, RunHandle } from '../runtime/runtime-contract.ts'
import type { Machine } from './machine.ts'
import type { MachineRow } from './machine-row.ts'

/** What a restarted host does about one machine, given what its runtime knows of the machine's runs. */
export type Adoption =
  | { readonly type: 'keep' }
  /** The runtime runs it under a run that the record doesn't have (an unsynced wake): the runtime is right. */
  | { readonly type: 'take'; readonly handle: RunHandle }
  | { readonly type: 'spawned'; readonly handle: RunHandle }
  | { readonly type: 'thawed'; readonly handle: RunHandle }
  | { readonly type: 'frozen'; readonly handle: RunHandle }
  | { readonly type: 'again'; readonly effect: Effect }
  | { readonly type: 'exit'; readonly exit: RunExit; readonly isHostLoss: boolean; readonly verdict?: ExitVerdict }
  | { readonly type: 'back_off_over' }

export function adoptionOf(
  row: MachineRow,
  known: { readonly running?: RunHandle | undefined; readonly exit?: RunExit | undefined },
  nowMs: number,
): Adoption {
  const { running } = known
  if (running !== undefined && running.runId !== row.run?.runId) return { type: 'take', handle: running }
  if (running !== undefined) return adoptRunning(row, running)
  if (row.run !== undefined) return adoptGone(row, row.run.runId, known.exit, nowMs)
  if (row.state === 'restarting') return { type: 'back_off_over' }
  if (row.state === 'destroying') return { type: 'again', effect: 'remove' }
  return { type: 'keep' }
}

function adoptRunning(row: MachineRow, handle: RunHandle): Adoption {
  switch (row.state) {
    case 'starting':
      return handle.suspended ? { type: 'again', effect: 'resume' } : { type: 'spawned', handle }
    case 'suspending':
      return handle.suspended ? { type: 'frozen', handle } : { type: 'again', effect: 'freeze' }
    case 'suspended':
      return handle.suspended ? { type: 'keep' } : { type: 'thawed', handle }
    case 'started':
      return handle.suspended ? { type: 'again', effect: 'resume' } : { type: 'keep' }
    case 'stopping':
    case 'restarting':
    case 'updating':
      return { type: 'again', effect: 'terminate' }
    case 'destroying':
      return { type: 'again', effect: 'kill' }
    case 'created':
    case 'stopped':
    case 'failed':
    case 'launch_failed':
    case 'destroyed':
      break
  }
  return { type: 'take', handle }
}

/** The recorded run is over: with a record of how, taken down with the platform, or lost with its supervisor. */
function adoptGone(row: MachineRow, runId: string, exit: RunExit | undefined, nowMs: number): Adoption {
  if (exit !== undefined && exit.runId === runId && exit.cause === 'exit') return { type: 'exit', exit, isHostLoss: false }
  const isLive = row.state === 'starting' || row.state === 'started'
  const lost: RunExit = exit ?? { machine: row.desired.id, runId, exitCode: 137, signal: 9, oomKilled: false, exitedAtMs: nowMs, cause: 'exit' }
  // A shutdown asks no policy; neither does a start that was ordered but never came to be.
  const isOwed = exit?.cause === 'shutdown' || (row.state === 'starting' && row.run?.startedAtMs === undefined)
  return { type: 'exit', exit: { ...lost, runId }, isHostLoss: true, ...(isLive && isOwed ? { verdict: 'restart' as const } : {}) }
}

export async function adopt(machine: Machine, adoption: Adoption): Promise<void> {
  switch (adoption.type) {
    case 'keep':
      return
    case 'take':
      await machine.adjust((row) => takeOver(row, adoption.handle))
      return
    case 'spawned':
      return await machine.spawned(adoption.handle)
    case 'thawed':
      await machine.adjust((row) => ({ ...row, state: 'started' }))
      return
    case 'frozen':
      return await machine.fact(adoption.handle.runId, { type: 'frozen' }, 'suspend')
    case 'again':
      return machine.performAgain([adoption.effect])
    case 'exit':
      return await machine.exited(adoption.exit, adoption)
    case 'back_off_over':
      return await machine.fact(undefined, { type: 'back_off_over' }, 'restart')
  }
}

const takeOver = (row: MachineRow, handle: RunHandle): MachineRow => ({
  ...row,
  state: handle.suspended ? 'suspended' : 'started',
  startsAfter: false,
  hasLaunched: true,
  run: { runId: handle.runId, orderedAtMs: handle.startedAtMs, startedAtMs: handle.startedAtMs },
})
