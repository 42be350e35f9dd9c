import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { AppName, HostId, MachineId } from '../../model/ids.ts'
import type { DesiredMachine, ObservedMachine } from '../../model/machine/machine-record.ts'
import { prefixRange, type Store } from '../../store/contract.ts'
import { prefixes } from '../../store/keys.ts'

const maxRetryMs = 5_000
const atOnce = 8

export interface OrderReader extends AsyncDisposable {
  /** Whether control still has a row of the machine; undefined while the store is away. */
  isOrdered(id: MachineId): boolean | undefined
}

/**
 * Reads what control has ordered of this host, and then follows which orders there are. Orders come by call; what is read here is what a crash or a restored
 * backup left undone. The absence of a row is never an order to destroy (ADR 0009).
 */
export function openOrderReader(
  deps: { readonly store: Store; readonly host: HostId; readonly clock: Clock; readonly log: Log },
  /** Called for each order that is read, not for those that come later. `lastSeen` is this host's last published copy, from before anything is published. */
  onOrder: (order: DesiredMachine, lastSeen: ObservedMachine | undefined) => Promise<void>,
  /** All rows have been read. */
  onRead: (isOrdered: (id: MachineId) => boolean) => void,
  /** Control deleted a machine's row. */
  onGone: (id: MachineId, app: AppName) => void,
): OrderReader {
  const closing = new AbortController()
  const ordered = new Map<string, MachineId>()
  let isCurrent = false
  const isOrdered = (id: MachineId) => [...ordered.values()].includes(id)

  /** Whether the order is for this host. */
  const note = (key: string, order: DesiredMachine): boolean => {
    if (order.host === deps.host) ordered.set(key, order.id)
    else ordered.delete(key)
    return order.host === deps.host
  }
  const apply = async (order: DesiredMachine, lastSeen: ObservedMachine | undefined) => {
    try {
      await onOrder(order, lastSeen)
    } catch (error) {
      deps.log.warn('order not carried out', { machine: order.id, order: order.order, error })
    }
  }

  async function readAndWatch(): Promise<void> {
    const observed = await deps.store.range(prefixRange(prefixes.observed))
    const lastSeen = new Map(
      observed.entries
        .map((entry) => JSON.parse(entry.value) as ObservedMachine)
        .flatMap((seen) => (seen.host === deps.host ? [[seen.id, seen]] : [])),
    )
    const { entries, revision } = await deps.store.range(prefixRange(prefixes.machines))
    ordered.clear()
    const orders = entries.flatMap((entry) => {
      const order = JSON.parse(entry.value) as DesiredMachine
      return note(entry.key, order) ? [order] : []
    })
    for (let at = 0; at < orders.length && !closing.signal.aborted; at += atOnce) {
      await Promise.all(orders.slice(at, at + atOnce).map((order) => apply(order, lastSeen.get(order.id))))
    }
    isCurrent = true
    onRead(isOrdered)
    for await (const batch of deps.store.watch({ range: prefixRange(prefixes.machines), fromRevision: revision + 1, signal: closing.signal })) {
      if (batch.type === 'compacted') return
      for (const event of batch.events) {
        if (event.entry === undefined) {
          const id = ordered.get(event.key)
          ordered.delete(event.key)
          if (id !== undefined) onGone(id, event.key.split('/')[1] as AppName)
        } else note(event.key, JSON.parse(event.entry.value) as DesiredMachine)
      }
    }
  }

  const run = async () => {
    for (let failures = 0; !closing.signal.aborted;) {
      try {
        await readAndWatch()
        failures = 0
      } catch (error) {
        isCurrent = false
        if (closing.signal.aborted) return
        if (failures++ === 0) deps.log.warn('orders not readable, will be tried again', { error })
        await deps.clock.sleep(Math.min(maxRetryMs, 100 * 2 ** failures), closing.signal).catch(() => undefined)
      }
    }
  }
  const running = run()
  return {
    isOrdered: (id) => (isCurrent ? isOrdered(id) : undefined),
    async [Symbol.asyncDispose]() {
      closing.abort(new Error('the host closes'))
      await running
    },
  }
}
