import { exitEventOf } from '../../model/machine/machine-events.ts'
import type { ExitVerdict } from '../../model/machine/machine-lifecycle.ts'
import type { MachineState } from '../../model/machine/machine-state.ts'
import { decideExit, recentRestarts, restartPolicyOf } from '../../model/machine/restart-policy.ts'
import type { RunExit } from '../runtime/runtime-contract.ts'
import { exitMessage } from './exit-message.ts'
import type { MachineRow } from './machine-row.ts'
import { stepMachine, withoutRun, type Step, type StepOptions } from './machine-step.ts'

/** Ends of runs in these states were asked for by a command. */
const endingStates: readonly MachineState[] = ['stopping', 'restarting', 'updating', 'destroying']

export interface ExitCircumstances {
  /** Nothing is known of how the run ended: its supervisor or its computer broke down. */
  readonly isHostLoss: boolean
  /** Replaces what the restart policy says. */
  readonly verdict?: ExitVerdict
}
export interface ExitStep extends Step {
  /** Before the machine is started again. */
  readonly delayMs: number
  readonly message: string
  readonly level: 'info' | 'error'
}

/** What the end of its run makes of a machine. */
export function stepExit(row: MachineRow, exit: RunExit, circumstances: ExitCircumstances, options: StepOptions): ExitStep {
  const isRequested = endingStates.includes(row.state)
  const policy = restartPolicyOf(row.desired.config)
  const decided = decideExit(
    policy,
    { exitCode: exit.exitCode, isOomKilled: exit.oomKilled, isRequested, isHostLoss: circumstances.isHostLoss },
    { autoDestroy: row.desired.config.auto_destroy === true, recentRestartsMs: row.restartsMs },
    options.nowMs,
  )
  const decision = { ...decided, verdict: circumstances.verdict ?? decided.verdict }
  const isRestarting = decision.verdict === 'restart' && (row.state === 'starting' || row.state === 'started')
  // A loss of the host is not held against the program.
  const counts = isRestarting && !circumstances.isHostLoss
  const restartCount = row.restartCount + (counts ? 1 : 0)
  const base: MachineRow = {
    ...withoutRun(row),
    restartCount,
    restartsMs: counts ? [...recentRestarts(row.restartsMs, options.nowMs), options.nowMs] : row.restartsMs,
  }
  const request = { exit_event: exitEventOf(exit, { isRequested, isRestarting }), restart_count: restartCount }
  return {
    ...stepMachine(base, { type: 'exited', verdict: decision.verdict }, { ...options, request }),
    delayMs: decision.delayMs,
    message: exitMessage(exit, { ...circumstances, isRequested, decision, policy }),
    level: exit.exitCode === 0 || isRequested ? 'info' : 'error',
  }
}
