import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { RandomBytes } from '../../model/ids.ts'
import type { Store } from '../../store/contract.ts'
import type { MachineOrders } from '../orders/machine-orders.ts'
import type { PlatformView } from '../platform/platform-view.ts'

/** What the handlers of Machines REST work with, beside the caller's scope. */
export interface MachineServices {
  readonly store: Store
  readonly orders: MachineOrders
  readonly platform: PlatformView
  readonly settle: (revision: number | undefined) => Promise<void>
  readonly clock: Clock
  readonly random: RandomBytes
  readonly log: Log
  readonly domain: string
}
