import type { Clock } from '../../kit/clock.ts'
import type { DeployJournal } from './deploy-journal.ts'
import type { MachineHands } from './machine-hands.ts'

/** What everything that carries a deploy out has at hand. */
export interface DeployWork {
  readonly journal: DeployJournal
  readonly hands: MachineHands
  readonly clock: Clock
  /** Resolves when every edge routes by what the store had at `revision`, or is not heard of. */
  readonly edgesAt: (revision: number, signal: AbortSignal) => Promise<void>
}
