import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import type { EdgeConfig } from './edge-config.ts'
import type { EdgeStatus } from './edge-status.ts'

export interface EdgeDeps {
  readonly clock: Clock
  /** 0 up to, not including, 1 */
  readonly random: () => number
  readonly log: Log
}
export interface Edge extends AsyncDisposable {
  status(): EdgeStatus
  /** Where it listens, in the order of the config's listeners. */
  readonly addresses: readonly { readonly address: string; readonly port: number; readonly externalPort: number }[]
  /** Stops accepting, lets what is open finish for at most `timeouts.drainMs`, then closes. */
  drain(): Promise<void>
}

/** Opens an edge: loads the last known routes, follows control and hosts, serves. Needs neither of them to be there. */
export function openEdge(_deps: EdgeDeps, _config: EdgeConfig): Promise<Edge> {
  throw new Error('being written')
}
