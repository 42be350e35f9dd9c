import type { Clock } from '../../kit/clock.ts'
import type { App } from '../../model/app.ts'
import type { DeployMachineStep, DeployRecord } from '../../model/deploy/deploy-record.ts'
import { targetConfig } from '../../model/deploy/plan-deploy.ts'
import { fault, isFault } from '../../model/fault/fault.ts'
import type { InstanceId, MachineId } from '../../model/ids.ts'
import type { MachineConfig } from '../../model/machine/machine-config.ts'
import type { DesiredMachine, ObservedMachine } from '../../model/machine/machine-record.ts'
import { placeMachine } from '../../model/placement/place-machine.ts'
import type { HostPort } from '../../protocol/host-port.ts'
import { keys } from '../../store/keys.ts'
import type { MachineOrders } from '../orders/machine-orders.ts'
import type { PlatformView } from '../platform/platform-view.ts'
import type { Records } from '../state/records.ts'
import type { DeployJournal } from './deploy-journal.ts'
import { watchGate } from './machine-gate.ts'

export interface CarryOutDeps {
  readonly orders: MachineOrders
  readonly platform: PlatformView
  readonly records: Records
  readonly clock: Clock
}
/** How many machines that are not running are updated at once. */
const coldAtOnce = 8
/** How long requests of an old machine may take before it is stopped all the same. */
const drainMs = 10_000
const undoGateMs = 60_000
const source = 'flyd'

/** One machine did not make it: the deploy fails and is undone. */
class StepFailed extends Error {
  override readonly name = 'StepFailed'
}
/** This control ends, has lost the lease or its store: the record stays as it is, and the deploy goes on from there. Any other error fails it. */
const isLeftToAnother = (error: unknown, signal: AbortSignal): boolean =>
  signal.aborted || isFault(error, 'deploy_lost') || isFault(error, 'store_unavailable')

/**
 * Carries a deploy out from where its record stands, to its end. Throws only when it has to leave it to another: `deploy_lost`, or the signal's reason.
 */
export async function carryOutDeploy(deps: CarryOutDeps, journal: DeployJournal, signal: AbortSignal): Promise<void> {
  if (journal.record.status === 'running') {
    try {
      for (const batch of batchesOf(journal.record)) {
        signal.throwIfAborted()
        // All of a batch come to an end before a failure counts: nothing goes on behind the back of the undoing.
        const results = await Promise.allSettled(batch.map((step) => carryOutStep(deps, journal, step, signal)))
        for (const result of results) if (result.status === 'rejected') throw result.reason
      }
      journal.note('done', `release v${journal.record.release.version} is live`)
      await journal.end('complete')
      return
    } catch (error) {
      if (isLeftToAnother(error, signal)) throw error
      await journal.beginUndo((error as Error).message)
    }
  }
  await undo(deps, journal, signal)
  journal.note('failed', journal.record.error ?? 'failed')
  await journal.end('failed')
}

/** Creations together, running machines one by one, resting ones in handfuls, destructions last. */
function batchesOf(record: DeployRecord): readonly (readonly DeployMachineStep[])[] {
  const open = record.steps.filter((step) => step.progress !== 'passed')
  const cold = open.filter((step) => step.action === 'update' && !step.warm)
  const chunks: DeployMachineStep[][] = []
  for (let at = 0; at < cold.length; at += coldAtOnce) chunks.push(cold.slice(at, at + coldAtOnce))
  return [
    open.filter((step) => step.action === 'create'),
    ...open.filter((step) => step.action === 'update' && step.warm).map((step) => [step]),
    ...chunks,
    open.filter((step) => step.action === 'destroy'),
  ].filter((batch) => batch.length > 0)
}

async function carryOutStep(deps: CarryOutDeps, journal: DeployJournal, step: DeployMachineStep, signal: AbortSignal): Promise<void> {
  const { record } = journal
  const row = deps.records.get<DesiredMachine>(keys.machine(record.app, step.machine))
  if (step.action === 'destroy') {
    await journal.step(step.machine, 'touched')
    if (row !== undefined) {
      if (step.warm) await drain(deps, journal, row, signal)
      await refusalFails(step, () => deps.orders.destroy(row, { force: true, source }))
    }
    journal.note('machine', `destroyed ${step.machine} of group ${step.group}, which is gone`, step.machine)
    return journal.step(step.machine, 'passed')
  }
  if (step.action === 'update' && row === undefined) {
    journal.note('machine', `${step.machine} was destroyed meanwhile`, step.machine)
    return journal.step(step.machine, 'passed')
  }
  const former = step.former === undefined ? undefined : record.former[step.former]
  const target = record.targets[step.group]
  if (target === undefined) throw fault('unknown_group', { app: record.app, group: step.group, have: Object.keys(record.targets) })
  const config = targetConfig(step.group, target, record.image, record.release, former?.standbys)
  await journal.step(step.machine, 'touched')
  if (row === undefined) await create(deps, journal, step, config)
  else if (step.action === 'update') await replace(deps, journal, step, row, { instanceId: step.instanceId, config }, signal)
  if (step.warm) await pass(deps, journal, step, config, signal)
  journal.note(
    'machine',
    step.warm ? `${step.machine} (${step.region}) is up` : `${step.machine} (${step.region}) is updated; it stays stopped`,
    step.machine,
  )
  await journal.step(step.machine, 'passed')
}

async function create(deps: CarryOutDeps, journal: DeployJournal, step: DeployMachineStep, config: MachineConfig): Promise<void> {
  const app = deps.records.get<App>(keys.app(journal.record.app))
  if (app === undefined) throw new StepFailed('the app was destroyed meanwhile')
  journal.note('step', `creating ${step.machine} in ${step.region}`, step.machine)
  await refusalFails(step, async () => {
    const host = placeMachine([step.region], deps.platform.loads(app.name))
    await deps.orders.create({ app, host: host.id, region: step.region, config, start: true, id: step.machine, instanceId: step.instanceId })
  })
}

/** Gives an existing machine another config: a running one is emptied of requests first, and started again. */
async function replace(
  deps: CarryOutDeps,
  journal: DeployJournal,
  step: DeployMachineStep,
  row: DesiredMachine,
  next: { readonly instanceId: InstanceId; readonly config: MachineConfig },
  signal: AbortSignal,
): Promise<void> {
  const isDone = row.instanceId === next.instanceId && row.order === 'accepted'
  if (!isDone) {
    journal.note('step', `updating ${step.machine} in ${step.region}`, step.machine)
    if (step.warm) await drain(deps, journal, row, signal)
    await refusalFails(step, () => deps.orders.update(row, { config: next.config, start: step.warm, guard: { source }, instanceId: next.instanceId }))
  }
  if (step.warm) await refusalFails(step, () => deps.orders.act(row.id, () => deps.orders.host(row.host).startMachine(row.id, { source })))
}

/** Takes a machine out of the edges and waits for its requests. What does not end in time ends with the machine. */
async function drain(deps: CarryOutDeps, journal: DeployJournal, row: DesiredMachine, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const state = deps.records.get<ObservedMachine>(keys.observed(row.app, row.id))?.state
  if (state !== 'started') return
  try {
    const outcome = await deps.orders.host(row.host).drainMachine(row.id, { mode: 'stop', timeoutMs: drainMs, reason: 'deploy' })
    if (outcome !== 'stopped') journal.note('machine', `${row.id} still had requests after ${drainMs / 1000} s`, row.id)
  } catch (error) {
    // Not running after all, or edges are away: the update itself stops it.
    if (!isFault(error)) throw error
    journal.note('machine', `${row.id} was not drained: ${error.message}`, row.id)
  }
}

async function pass(deps: CarryOutDeps, journal: DeployJournal, step: DeployMachineStep, config: MachineConfig, signal: AbortSignal): Promise<void> {
  const { record } = journal
  const host = hostOf(deps, record, step.machine)
  const result = await watchGate(
    {
      clock: deps.clock,
      host,
      onWait: (what) => journal.note('check', `${step.machine} waits for ${what}`, step.machine),
    },
    { id: step.machine, instanceId: step.instanceId, config },
    { timeoutMs: record.waitTimeoutMs, signal },
  )
  if (result.kind === 'passed') return
  journal.note('machine', `${step.machine} (${step.region}) failed: ${result.reason}`, step.machine)
  for (const line of await lastLines(host, record, step.machine)) journal.note('log', line, step.machine)
  throw new StepFailed(`${step.machine} in ${step.region}: ${result.reason}`)
}

/** Puts everything touched back: created machines go, updated ones get their former config, the newest change first. What cannot be put back is said. */
async function undo(deps: CarryOutDeps, journal: DeployJournal, signal: AbortSignal): Promise<void> {
  const { record } = journal
  const touched = record.steps.filter((step) => step.progress === 'touched' || step.progress === 'passed').toReversed()
  for (const step of touched) {
    signal.throwIfAborted()
    try {
      await undoStep(deps, journal, step, signal)
    } catch (error) {
      if (isLeftToAnother(error, signal)) throw error
      journal.note('machine', `${step.machine} could not be put back: ${(error as Error).message}`, step.machine)
    }
    await journal.step(step.machine, 'undone')
  }
}

async function undoStep(deps: CarryOutDeps, journal: DeployJournal, step: DeployMachineStep, signal: AbortSignal): Promise<void> {
  const { record } = journal
  const row = deps.records.get<DesiredMachine>(keys.machine(record.app, step.machine))
  if (row === undefined) return
  if (step.action === 'create') {
    await refusalFails(step, () => deps.orders.destroy(row, { force: true, source }))
    journal.note('machine', `destroyed ${step.machine} again`, step.machine)
    return
  }
  const former = step.former === undefined ? undefined : record.former[step.former]
  if (former === undefined || (row.instanceId !== step.instanceId && row.instanceId !== step.undoInstanceId)) return
  const next = { instanceId: step.undoInstanceId, config: former }
  await replace(deps, journal, step, row, next, signal)
  if (step.warm) {
    const host = hostOf(deps, record, step.machine)
    const result = await watchGate(
      { clock: deps.clock, host, onWait: () => undefined },
      { id: step.machine, ...next },
      { timeoutMs: Math.min(undoGateMs, record.waitTimeoutMs), signal },
    )
    if (result.kind === 'failed') throw new StepFailed(`at its former config it fails too: ${result.reason}`)
  }
  journal.note('machine', `${step.machine} (${step.region}) is back at its former release`, step.machine)
}

const hostOf = (deps: CarryOutDeps, record: DeployRecord, machine: MachineId): HostPort => {
  const row = deps.records.get<DesiredMachine>(keys.machine(record.app, machine))
  if (row === undefined) throw new StepFailed(`${machine} was destroyed meanwhile`)
  return deps.orders.host(row.host)
}

async function lastLines(host: HostPort, record: DeployRecord, machine: MachineId): Promise<readonly string[]> {
  try {
    return (await host.readLogs({ app: record.app, machine, limit: 10 })).map((line) => line.message)
  } catch (error) {
    if (!isFault(error)) throw error
    return [`(its log cannot be read: ${error.message})`]
  }
}

/** A host's refusal is this machine's failure, in the host's words. */
async function refusalFails<Result>(step: DeployMachineStep, order: () => Promise<Result>): Promise<Result> {
  try {
    return await order()
  } catch (error) {
    if (!isFault(error) || error.code === 'deploy_lost') throw error
    throw new StepFailed(`${step.machine} in ${step.region}: ${error.message}${error.hint === undefined ? '' : ` (${error.hint})`}`, { cause: error })
  }
}
