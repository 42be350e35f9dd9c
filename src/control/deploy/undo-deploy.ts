import type { DeployMachineStep } from '../../model/deploy/deploy-record.ts'
import { emptyOut, remove, replace } from './carry-out-step.ts'
import type { DeployWork } from './deploy-work.ts'
import { watchGate } from './machine-gate.ts'
import { isLeftToAnother, refusalFails, StepFailed } from './step-failed.ts'

const undoGateMs = 60_000

/** Puts everything touched back: created machines go, updated ones get their former config, the newest change first. What cannot be put back is said. */
export async function undoDeploy(work: DeployWork, signal: AbortSignal): Promise<void> {
  const { journal } = work
  const touched = journal.record.steps.filter((step) => step.progress === 'touched' || step.progress === 'passed').toReversed()
  for (const step of touched) {
    signal.throwIfAborted()
    try {
      await undoStep(work, step, signal)
    } catch (error) {
      if (isLeftToAnother(error, signal)) throw error
      journal.note('machine', `${step.machine} could not be put back: ${(error as Error).message}`, step.machine)
    }
    await journal.step(step.machine, 'undone')
  }
}

async function undoStep(work: DeployWork, step: DeployMachineStep, signal: AbortSignal): Promise<void> {
  const { journal, hands, clock } = work
  const { record } = journal
  for (const machine of step.tests ?? []) await remove(work, { machine })
  const row = hands.row(record.app, step.machine)
  if (row === undefined) return
  if (step.action !== 'update') {
    if (step.action === 'create' && step.replaces === undefined) await emptyOut(work, row, signal)
    await remove(work, step)
    journal.note('machine', `destroyed ${step.machine} again`, step.machine)
    return
  }
  const former = step.former === undefined ? undefined : record.former[step.former]
  if (former === undefined) return
  if (row.instanceId !== step.instanceId && row.instanceId !== step.undoInstanceId) {
    // It was emptied for an update that did not come.
    if (step.warm) await refusalFails(step, () => hands.start(row))
    return
  }
  const next = { instanceId: step.undoInstanceId, config: former }
  await replace(work, step, row, next, signal, 'putting back')
  if (step.warm) {
    const result = await watchGate(
      { clock, host: hands.host(row), onWait: () => undefined },
      { id: step.machine, ...next },
      { timeoutMs: Math.min(undoGateMs, record.waitTimeoutMs), signal, gates: { smoke: false, health: true } },
    )
    if (result.kind === 'failed') throw new StepFailed(`at its former config it fails too: ${result.reason}`)
  }
  journal.note('machine', `${step.machine} (${step.region}) is back at its former release`, step.machine)
}
