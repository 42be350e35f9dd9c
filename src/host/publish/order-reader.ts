import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { AppName, HostId, MachineId } from '../../model/ids.ts'
import type { DesiredMachine, ObservedMachine } from '../../model/machine/machine-record.ts'
import { prefixRange, type Store } from '../../store/contract.ts'
import { keys, prefixes } from '../../store/keys.ts'

const maxRetryMs = 5_000
const atOnce = 8

type LastSeenOf = (order: DesiredMachine) => Promise<ObservedMachine | undefined>

export interface OrderReader extends AsyncDisposable {
  /** Whether control still has a row of the machine; undefined while the store is away. */
  isOrdered(id: MachineId): boolean | undefined
}

/**
 * Reads what control has ordered of this host, at once and whenever it changes. Orders come by call; what is found here is what a crash or a restored backup
 * left undone. The absence of a row is never an order to destroy (ADR 0009).
 */
export function openOrderReader(
  deps: { readonly store: Store; readonly host: HostId; readonly clock: Clock; readonly log: Log },
  /** `lastSeen` reads this host's own last published copy, from before anything was published now. */
  onOrder: (order: DesiredMachine, lastSeen: () => Promise<ObservedMachine | undefined>) => Promise<void>,
  /** All rows have been read. */
  onRead: (isOrdered: (id: MachineId) => boolean) => void,
  /** Control deleted a machine's row. */
  onGone: (id: MachineId, app: AppName) => void,
): OrderReader {
  const closing = new AbortController()
  const ordered = new Map<string, MachineId>()
  let isCurrent = false
  const isOrdered = (id: MachineId) => [...ordered.values()].includes(id)

  const lastSeenNow = async (order: DesiredMachine) => {
    const entry = await deps.store.get(keys.observed(order.app, order.id))
    return entry && (JSON.parse(entry.value) as ObservedMachine)
  }
  const apply = async (key: string, text: string, lastSeenOf: LastSeenOf) => {
    const order = JSON.parse(text) as DesiredMachine
    if (order.host !== deps.host) {
      ordered.delete(key)
      return
    }
    ordered.set(key, order.id)
    try {
      await onOrder(order, () => lastSeenOf(order))
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
    for (let at = 0; at < entries.length && !closing.signal.aborted; at += atOnce) {
      await Promise.all(
        entries.slice(at, at + atOnce).map((entry) => {
          const id = entry.key.slice(entry.key.lastIndexOf('/') + 1) as MachineId
          return apply(entry.key, entry.value, async () => lastSeen.get(id))
        }),
      )
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
        } else await apply(event.key, event.entry.value, lastSeenNow)
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
