import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { MachineId } from '../../model/ids.ts'
import type { MachineConfig } from '../../model/machine/machine-config.ts'
import type { InstanceId } from '../../model/ids.ts'
import { prefixRange, type Operation, type Store, type WriteOptions } from '../../store/contract.ts'
import { parseMachineRow, type MachineRow } from './machine-row.ts'

const keptVersions = 20
const rowKey = (id: MachineId) => `machine/${id}`
const versionKey = (id: MachineId, version: number) => `version/${id}/${String(version).padStart(8, '0')}`

export interface VersionRow {
  readonly version: InstanceId
  readonly user_config: MachineConfig
}
/** Writes machines into the host's database: one write of a machine at a time, the newest row wins. */
export interface Journal extends AsyncDisposable {
  load(): Promise<readonly MachineRow[]>
  /** Rejects when the row was not written durably; it may or may not be there then, and the caller saves what holds instead. */
  saveDurably(row: MachineRow, also?: { readonly newVersion: boolean }): Promise<void>
  /** Writes soon, repeats until it succeeds, never rejects. Resolves when this row or a newer one is on disk (durable) or written (buffered). */
  save(row: MachineRow, durability: 'durable' | 'buffered'): Promise<void>
  versions(id: MachineId): Promise<readonly VersionRow[]>
  forget(id: MachineId): Promise<void>
}

interface Slot {
  tail: Promise<void>
  newest: MachineRow
}

export function openJournal(deps: { readonly db: Store; readonly clock: Clock; readonly log: Log }): Journal {
  const slots = new Map<MachineId, Slot>()
  const closing = new AbortController()

  const put = (row: MachineRow, durability: WriteOptions['durability'], also: readonly Operation[] = []) =>
    deps.db.transact(
      { compare: [], then: [{ op: 'put', key: rowKey(row.desired.id), value: JSON.stringify(row) }, ...also] },
      durability === undefined ? {} : { durability },
    )

  /** Un-awaited transactions have no order in a store, so a machine's writes form a chain. */
  function chained(row: MachineRow, task: () => Promise<void>): Promise<void> {
    const { id } = row.desired
    const before = slots.get(id)?.tail
    const slot: Slot = { tail: Promise.resolve(), newest: row }
    // Before the task runs: it looks whether its row is still the newest.
    slots.set(id, slot)
    const run = before === undefined ? task() : before.then(task, task)
    slot.tail = run
    const tidy = () => {
      if (slots.get(id) === slot) slots.delete(id)
    }
    run.then(tidy, tidy)
    return run
  }

  async function putUntilDone(row: MachineRow, durability: 'durable' | 'buffered'): Promise<void> {
    for (let attempt = 0; attempt === 0 || !closing.signal.aborted; attempt++) {
      // A newer row is behind this one in the chain: writing that one is enough.
      if (durability === 'buffered' && slots.get(row.desired.id)?.newest !== row) return
      try {
        await put(row, durability)
        return
      } catch (error) {
        // What changes behind the end is found again by the next host, in what runs and in the exit records.
        if (closing.signal.aborted) return
        deps.log.error('machine not recorded, will be tried again', { machine: row.desired.id, error })
        await deps.clock.sleep(Math.min(5000, 100 * 2 ** attempt), closing.signal).catch(() => undefined)
      }
    }
  }

  return {
    async load() {
      const { entries } = await deps.db.range(prefixRange('machine/'))
      return entries.map((entry) => parseMachineRow(entry.key, entry.value))
    },
    saveDurably(row, also) {
      const { id, version, instanceId, config } = row.desired
      const history: VersionRow = { version: instanceId, user_config: config }
      const operations: Operation[] = []
      if (also?.newVersion) operations.push({ op: 'put', key: versionKey(id, version), value: JSON.stringify(history) })
      if (also?.newVersion && version > keptVersions) {
        operations.push({ op: 'deleteRange', range: { start: versionKey(id, 0), end: versionKey(id, version - keptVersions + 1) } })
      }
      return chained(row, async () => void (await put(row, 'durable', operations)))
    },
    save: (row, durability) => chained(row, () => putUntilDone(row, durability)),
    async versions(id) {
      const { entries } = await deps.db.range(prefixRange(`version/${id}/`))
      return entries.toReversed().map((entry) => JSON.parse(entry.value) as VersionRow)
    },
    async forget(id) {
      await slots.get(id)?.tail.catch(() => undefined)
      await deps.db.transact({
        compare: [],
        then: [
          { op: 'delete', key: rowKey(id) },
          { op: 'deleteRange', range: prefixRange(`version/${id}/`) },
        ],
      })
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new Error('the host closes'))
      await Promise.allSettled([...slots.values()].map((slot) => slot.tail))
    },
  }
}
