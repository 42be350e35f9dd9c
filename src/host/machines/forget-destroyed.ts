import type { HostCore } from './host-core.ts'
import type { Machine } from './machine.ts'

/** How long a destroyed machine stays readable: flyctl reads exit codes of release commands after their end (flyctl-contract §0.6). */
const readableMs = 10 * 60_000
const lookEveryMs = 60_000

/** Forgets destroyed machines after a while, and only when control has no order left that could bring them back. */
export function openForgetter(core: HostCore, isOrdered: (machine: Machine) => boolean | undefined): Disposable {
  const { clock, journal, logs, log } = core.context
  const forget = async (machine: Machine) => {
    await journal.forget(machine.id)
    core.machines.delete(machine.id)
    machine[Symbol.dispose]()
    core.pool.release(machine.row.endpoint)
    core.publisher.note(machine.id, machine.row.desired.app)
    await logs.remove(machine.row.desired.app, machine.id)
  }
  const look = () => {
    for (const machine of core.machines.values()) {
      const { destroyedAtMs } = machine.row
      if (destroyedAtMs === undefined || clock.now() - destroyedAtMs < readableMs || isOrdered(machine) !== false) continue
      forget(machine).catch((error: unknown) => log.warn('destroyed machine not forgotten', { machine: machine.id, error }))
    }
    timer = clock.timer(lookEveryMs, look)
  }
  let timer = clock.timer(lookEveryMs, look)
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() }
}
