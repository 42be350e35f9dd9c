import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { AppName, HostId, MachineId } from '../../model/ids.ts'
import type { ObservedMachine } from '../../model/machine/machine-record.ts'
import { prefixRange, transactionLimits, type Operation, type Revision, type Store } from '../../store/contract.ts'
import { keys, prefixes } from '../../store/keys.ts'
import { observedOf, type MachineRow } from '../machines/machine-row.ts'

const maxRetryMs = 5_000
const maxBytes = transactionLimits.bytes / 2

/** Copies this host's machines into the platform's store, newest state only; the store may be away for any time. */
export interface Publisher extends AsyncDisposable {
  /** The machine changed, or is gone: its copy follows. */
  note(id: MachineId, app: AppName): void
  /** Deletes what an earlier life of this host published and no longer has, but for the word that a machine still ordered is destroyed. */
  sweep(isOrdered: (id: MachineId) => boolean): void
  /** The revision at which a copy with at least this sequence number was written, or undefined when that took longer. */
  published(id: MachineId, seq: number, timeoutMs: number): Promise<Revision | undefined>
}
interface Copy {
  readonly seq: number
  readonly newestEvent: string | undefined
  readonly revision: Revision
}

export function openPublisher(deps: {
  readonly store: Store
  readonly host: HostId
  readonly clock: Clock
  readonly log: Log
  readonly rowOf: (id: MachineId) => MachineRow | undefined
}): Publisher {
  const dirty = new Map<MachineId, AppName>()
  const copies = new Map<MachineId, Copy>()
  const waiters = new Set<() => void>()
  const closing = new AbortController()
  let wakeUp: (() => void) | undefined
  let sweepWith: ((id: MachineId) => boolean) | undefined

  /** At most one transaction's worth of the machines that changed. */
  function nextBatch(): { readonly operations: Operation[]; readonly copied: Map<MachineId, Omit<Copy, 'revision'> | undefined> } {
    const operations: Operation[] = []
    const copied = new Map<MachineId, Omit<Copy, 'revision'> | undefined>()
    let bytes = 0
    for (const [id, app] of dirty) {
      if (operations.length + 2 > transactionLimits.operations || bytes > maxBytes) break
      dirty.delete(id)
      const row = deps.rowOf(id)
      const newestEvent = row?.events[0]?.id
      copied.set(id, row && { seq: row.seq, newestEvent })
      if (row === undefined) {
        operations.push({ op: 'delete', key: keys.observed(app, id) }, { op: 'delete', key: keys.events(app, id) })
        continue
      }
      const value = JSON.stringify(observedOf(row))
      operations.push({ op: 'put', key: keys.observed(app, id), value })
      bytes += value.length
      if (copies.get(id)?.newestEvent === newestEvent) continue
      const events = JSON.stringify(row.events)
      operations.push({ op: 'put', key: keys.events(app, id), value: events })
      bytes += events.length
    }
    return { operations, copied }
  }

  async function findStale(isOrdered: (id: MachineId) => boolean): Promise<void> {
    const { entries } = await deps.store.range(prefixRange(prefixes.observed))
    for (const entry of entries) {
      const observed = JSON.parse(entry.value) as ObservedMachine
      if (observed.host !== deps.host || deps.rowOf(observed.id) !== undefined) continue
      if (observed.state !== 'destroyed' || !isOrdered(observed.id)) dirty.set(observed.id, observed.app)
    }
    sweepWith = undefined
  }

  async function run(): Promise<void> {
    for (let failures = 0; !closing.signal.aborted;) {
      if (dirty.size === 0 && sweepWith === undefined) {
        await new Promise<void>((resolve) => (wakeUp = resolve))
        wakeUp = undefined
        // Changes of one moment become one write.
        await new Promise((resolve) => setImmediate(resolve))
        continue
      }
      const before = new Map(dirty)
      try {
        if (sweepWith) await findStale(sweepWith)
        const { operations, copied } = nextBatch()
        if (operations.length === 0) continue
        // Buffered: every open publishes everything anew, so a power cut costs nothing here.
        const { revision } = await deps.store.transact({ compare: [], then: operations }, { durability: 'buffered' })
        for (const [id, copy] of copied)
          if (copy) copies.set(id, { ...copy, revision })
          else copies.delete(id)
        for (const waiter of waiters) waiter()
        failures = 0
      } catch (error) {
        if (closing.signal.aborted) return
        for (const [id, app] of before) dirty.set(id, app)
        if (failures++ === 0) deps.log.warn('machines not published, will be tried again', { error })
        await deps.clock.sleep(Math.min(maxRetryMs, 100 * 2 ** failures), closing.signal).catch(() => undefined)
      }
    }
  }
  const running = run()

  return {
    note(id, app) {
      dirty.set(id, app)
      wakeUp?.()
    },
    sweep(isOrdered) {
      sweepWith = isOrdered
      wakeUp?.()
    },
    published(id, seq, timeoutMs) {
      const found = () => {
        const copy = copies.get(id)
        return copy !== undefined && copy.seq >= seq ? copy.revision : undefined
      }
      const now = found()
      if (now !== undefined) return Promise.resolve(now)
      return new Promise((resolve) => {
        const end = (revision: Revision | undefined) => {
          timer[Symbol.dispose]()
          waiters.delete(look)
          resolve(revision)
        }
        const look = () => {
          const revision = found()
          if (revision !== undefined) end(revision)
        }
        const timer = deps.clock.timer(timeoutMs, () => end(undefined))
        waiters.add(look)
      })
    },
    async [Symbol.asyncDispose]() {
      closing.abort()
      wakeUp?.()
      await running
    },
  }
}
