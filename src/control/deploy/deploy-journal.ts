import type { Clock } from '../../kit/clock.ts'
import type { App, Release } from '../../model/app.ts'
import type { DeployEventRecord, DeployMachineStep, DeployRecord } from '../../model/deploy/deploy-record.ts'
import { fault } from '../../model/fault/fault.ts'
import type { MachineId } from '../../model/ids.ts'
import type { Operation, Store } from '../../store/contract.ts'
import { keys } from '../../store/keys.ts'
import type { Records } from '../state/records.ts'

/** A deploy's record as its one writer sees it. Writes are fenced: once the app's lease is another's, they fail with deploy_lost and nothing changes. */
export interface DeployJournal {
  readonly record: DeployRecord
  /** Adds an event; it is written soon, with what else has changed by then. */
  note(kind: DeployEventRecord['kind'], message: string, machine?: MachineId): void
  step(machine: MachineId, progress: DeployMachineStep['progress']): Promise<void>
  beginUndo(error: string): Promise<void>
  /** Ends the deploy and its release, and gives the lease back. */
  end(status: 'complete' | 'failed'): Promise<void>
}
const longestMessage = 4_096
const mostEvents = 2_000

export function openDeployJournal(
  deps: {
    readonly store: Store
    readonly records: Records
    readonly settle: (revision: number) => Promise<void>
    readonly clock: Clock
  },
  first: DeployRecord,
  lease: { readonly key: string; readonly createRevision: number },
): DeployJournal {
  let record = first
  let written = first
  let writing: Promise<void> = Promise.resolve()
  let soon: NodeJS.Immediate | undefined
  const key = keys.deploy(first.app, first.id)
  const nowIso = () => new Date(deps.clock.now()).toISOString()

  async function write(more: readonly Operation[] = []): Promise<void> {
    const text = record
    if (text === written && more.length === 0) return
    const result = await deps.store.transact({
      compare: [{ key: lease.key, target: 'createRevision', is: '=', to: lease.createRevision }],
      then: [{ op: 'put', key, value: JSON.stringify(text) }, ...more],
    })
    if (!result.held) throw fault('deploy_lost', { app: first.app, id: first.id })
    written = text
    await deps.settle(result.revision)
  }
  /** One write after the other: steps of machines go on at the same time. A write takes all that was noted up to its turn. */
  const enqueue = (more?: () => readonly Operation[]) => {
    const result = writing.then(() => write(more?.()))
    writing = result.catch(() => undefined)
    return result
  }
  const note: DeployJournal['note'] = (kind, message, machine) => {
    if (record.events.length >= mostEvents && kind !== 'done' && kind !== 'failed') return
    const seq = (record.events.at(-1)?.seq ?? 0) + 1
    const event: DeployEventRecord = {
      seq,
      at: nowIso(),
      kind,
      message: message.slice(0, longestMessage),
      ...(machine === undefined ? {} : { machine }),
    }
    record = { ...record, events: [...record.events, event] }
    soon ??= setImmediate(() => {
      soon = undefined
      // What is wrong with writing shows at the next step, which waits for its write.
      void enqueue().catch(() => undefined)
    })
  }
  return {
    get record() {
      return record
    },
    note,
    step(machine, progress) {
      record = { ...record, steps: record.steps.map((step) => (step.machine === machine ? { ...step, progress } : step)) }
      return enqueue()
    },
    beginUndo(error) {
      record = { ...record, status: 'undoing', error: error.slice(0, longestMessage) }
      return enqueue()
    },
    end(status) {
      record = { ...record, status, endedAt: nowIso() }
      return enqueue(() => {
        const releaseKey = keys.release(record.app, record.release.version)
        const release = deps.records.get<Release>(releaseKey)
        const app = deps.records.get<App>(keys.app(record.app))
        const operations: Operation[] = [{ op: 'delete', key: lease.key }]
        if (release) operations.push({ op: 'put', key: releaseKey, value: JSON.stringify({ ...release, status }) })
        if (app && status === 'complete' && app.status !== 'deployed') {
          operations.push({ op: 'put', key: keys.app(record.app), value: JSON.stringify({ ...app, status: 'deployed' }) })
        }
        return operations
      })
    },
  }
}
