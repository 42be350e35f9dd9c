import type { Clock } from '../../kit/clock.ts'
import type { App, Release } from '../../model/app.ts'
import { canCancel, type DeployEventRecord, type DeployMachineStep, type DeployRecord } from '../../model/deploy/deploy-record.ts'
import { fault } from '../../model/fault/fault.ts'
import type { MachineId } from '../../model/ids.ts'
import type { Operation, Store } from '../../store/contract.ts'
import { keys } from '../../store/keys.ts'
import type { Records } from '../state/records.ts'
import { withDeployEvent } from './deploy-events.ts'

/** A deploy's record as its one writer sees it. Writes are fenced: once the app's lease is another's, they fail with deploy_lost and nothing changes. */
export interface DeployJournal {
  readonly record: DeployRecord
  /** Adds an event; it is written soon, with what else has changed by then. */
  note(kind: DeployEventRecord['kind'], message: string, machine?: MachineId): void
  /** Before anything is done to the step's machine. `warm`: it turned out to run. Resolves with the step as it is now. */
  touch(machine: MachineId, change?: { readonly warm: boolean }): Promise<DeployMachineStep>
  step(machine: MachineId, progress: 'passed' | 'undone'): Promise<void>
  commit(): Promise<void>
  /** Calls the deploy off, unless a machine has been touched: that is decided at once, the write follows. */
  cancel(): boolean
  beginUndo(error: string): Promise<void>
  /** Ends the deploy and its release, and gives the lease back. */
  end(status: 'complete' | 'failed'): Promise<void>
}
const longestError = 4_096

export function openDeployJournal(
  deps: {
    readonly store: Store
    readonly records: Records
    readonly settle: (revision: number) => Promise<void>
    readonly clock: Clock
    readonly reached?: ((point: string) => void) | undefined
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
  const durably = async (point: string, more?: () => readonly Operation[]) => {
    await enqueue(more)
    deps.reached?.(`written ${point}`)
  }
  const setStep = (machine: MachineId, change: Partial<DeployMachineStep>) => {
    record = { ...record, steps: record.steps.map((step) => (step.machine === machine ? { ...step, ...change } : step)) }
  }
  return {
    get record() {
      return record
    },
    note(kind, message, machine) {
      const event = { at: nowIso(), kind, message, ...(machine === undefined ? {} : { machine }) }
      record = { ...record, events: withDeployEvent(record.events, event) }
      soon ??= setImmediate(() => {
        soon = undefined
        // What is wrong with writing shows at the next step, which waits for its write.
        void enqueue().catch(() => undefined)
      })
    },
    async touch(machine, change = { warm: false }) {
      if (record.isCancelled === true) throw new Error('the deploy was called off')
      setStep(machine, { progress: 'touched', ...(change.warm ? { warm: true } : {}) })
      await durably('touched')
      return record.steps.find((step) => step.machine === machine)!
    },
    async step(machine, progress) {
      setStep(machine, { progress })
      await durably(progress)
    },
    commit() {
      record = { ...record, isCommitted: true }
      return durably('committed')
    },
    cancel() {
      if (record.isCancelled === true) return true
      if (!canCancel(record)) return false
      record = { ...record, isCancelled: true }
      return true
    },
    beginUndo(error) {
      record = { ...record, status: 'undoing', error: error.slice(0, longestError) }
      return durably('undoing')
    },
    end(status) {
      record = { ...record, status, endedAt: nowIso() }
      return durably('ended', () => {
        const releaseKey = keys.release(record.app, record.release.version)
        const release = deps.records.get<Release>(releaseKey)
        const app = deps.records.get<App>(keys.app(record.app))
        const operations: Operation[] = [{ op: 'delete', key: lease.key }]
        const ended = record.isCancelled === true ? 'interrupted' : status
        if (release) operations.push({ op: 'put', key: releaseKey, value: JSON.stringify({ ...release, status: ended }) })
        if (app && status === 'complete' && app.status !== 'deployed') {
          operations.push({ op: 'put', key: keys.app(record.app), value: JSON.stringify({ ...app, status: 'deployed' }) })
        }
        return operations
      })
    },
  }
}
