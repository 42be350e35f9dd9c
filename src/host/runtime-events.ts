import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import type { MachineId } from '../model/ids.ts'
import type { Machine } from './machines/machine.ts'
import type { RunExit, Runtime } from './runtime/runtime-contract.ts'

export interface RuntimeFollower extends Disposable {
  /** Resolves at once while the runtime's supervisor lives, else when it is back. */
  readonly ready: () => Promise<void>
}

/**
 * Hands exits to their machines. The death of the supervisor is the crash of a host: every run is over, nobody knows how, and the machines go on as
 * their policies say.
 */
export function followRuntime(deps: {
  readonly runtime: Runtime
  readonly machineOf: (id: MachineId) => Machine | undefined
  readonly machines: () => Iterable<Machine>
  readonly clock: Clock
  readonly log: Log
}): RuntimeFollower {
  let back: PromiseWithResolvers<void> | undefined
  /** Runs that ended with the platform: their records stay as they are, and the next start, or the supervisor's return, brings the machines back. */
  const takenDown = new Map<string, RunExit>()
  const listener = deps.runtime.onEvent((event) => {
    switch (event.type) {
      case 'exit':
        if (event.exit.cause === 'shutdown') takenDown.set(event.exit.runId, event.exit)
        else void deps.machineOf(event.exit.machine)?.exited(event.exit, { isHostLoss: false })
        return
      case 'lost':
        back ??= Promise.withResolvers()
        for (const machine of deps.machines()) if (!takenDown.has(machine.row.run?.runId ?? '')) loseRun(machine, deps.clock.now())
        return
      case 'back':
        back?.resolve()
        back = undefined
        for (const exit of takenDown.values()) bringBack(deps.machineOf(exit.machine), exit)
        takenDown.clear()
        return
    }
  })
  return {
    ready: () => back?.promise ?? Promise.resolve(),
    [Symbol.dispose]() {
      listener[Symbol.dispose]()
      back?.resolve()
    },
  }
}

function loseRun(machine: Machine, nowMs: number): void {
  const { run, state } = machine.row
  if (run === undefined) return
  const exit = { machine: machine.id, runId: run.runId, exitCode: 137, signal: 9, oomKilled: false, exitedAtMs: nowMs, cause: 'exit' as const }
  const isOwed = state === 'starting' && run.startedAtMs === undefined
  void machine.exited(exit, { isHostLoss: true, ...(isOwed ? { verdict: 'restart' as const } : {}) })
}

function bringBack(machine: Machine | undefined, exit: RunExit): void {
  const isLive = machine?.row.state === 'started' || machine?.row.state === 'starting'
  void machine?.exited(exit, { isHostLoss: true, ...(isLive ? { verdict: 'restart' as const } : {}) })
}
