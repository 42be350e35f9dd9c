import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import type { MachineId } from '../model/ids.ts'
import type { Machine } from './machines/machine.ts'
import type { Runtime } from './runtime/runtime-contract.ts'

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
  const listener = deps.runtime.onEvent((event) => {
    switch (event.type) {
      case 'exit':
        // The platform is being taken down: the record stays as it is, and the next start brings the machine back.
        if (event.exit.cause === 'shutdown') return
        void deps.machineOf(event.exit.machine)?.exited(event.exit, { isHostLoss: false })
        return
      case 'lost':
        back ??= Promise.withResolvers()
        for (const machine of deps.machines()) loseRun(machine, deps.clock.now())
        return
      case 'back':
        back?.resolve()
        back = undefined
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
