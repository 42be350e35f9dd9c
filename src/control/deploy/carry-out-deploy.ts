import type { DeployMachineStep } from '../../model/deploy/deploy-record.ts'
import { nextSteps } from '../../model/deploy/next-steps.ts'
import { untriedGroups } from '../../model/deploy/untried-groups.ts'
import type { MachineId } from '../../model/ids.ts'
import { carryOutStep } from './carry-out-step.ts'
import type { DeployWork } from './deploy-work.ts'
import { finishDeploy } from './finish-deploy.ts'
import { isLeftToAnother } from './step-failed.ts'
import { undoDeploy } from './undo-deploy.ts'

/**
 * Carries a deploy out from where its record stands, to its end. `cancelled` calls it off as long as the journal agrees. Throws only when it has to leave
 * it to another: `deploy_lost`, or the signal's reason.
 */
export async function carryOutDeploy(work: DeployWork, signal: AbortSignal, cancelled: AbortSignal): Promise<void> {
  const { journal } = work
  if (journal.record.status === 'running') {
    try {
      if (journal.record.isCommitted !== true) {
        await carryOutSteps(work, signal, cancelled)
        await journal.commit()
      }
    } catch (error) {
      if (isLeftToAnother(error, signal)) throw error
      await journal.beginUndo((error as Error).message)
    }
  }
  if (journal.record.isCommitted === true) {
    await finishDeploy(work, signal)
    for (const group of untriedGroups(journal.record.steps))
      journal.note('step', `no machine of ${group} runs, so the release is untried there; a request or \`kante machine start\` starts one`)
    journal.note('done', `release v${journal.record.release.version} is live`)
    return journal.end('complete')
  }
  await undoDeploy(work, signal)
  journal.note('failed', journal.record.error ?? 'failed')
  await journal.end('failed')
}

/** The first failure ends the waiting of all others; what has begun comes to an end before it counts, so that nothing goes on behind the back of the undoing. */
async function carryOutSteps(work: DeployWork, signal: AbortSignal, cancelled: AbortSignal): Promise<void> {
  const failing = new AbortController()
  const ending = AbortSignal.any([signal, cancelled, failing.signal])
  const underWay = new Map<MachineId, Promise<void>>()
  const begin = async (step: DeployMachineStep) => {
    try {
      await carryOutStep(work, step, ending)
    } catch (error) {
      failing.abort(error)
    } finally {
      underWay.delete(step.machine)
    }
  }
  for (;;) {
    if (!ending.aborted) for (const step of nextSteps(work.journal.record, new Set(underWay.keys()))) underWay.set(step.machine, begin(step))
    if (underWay.size === 0) break
    await Promise.race(underWay.values())
  }
  ending.throwIfAborted()
}
