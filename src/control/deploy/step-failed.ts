import { isFault } from '../../model/fault/fault.ts'
import type { DeployMachineStep } from '../../model/deploy/deploy-record.ts'

/** One machine did not make it: the deploy fails and is undone. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed'
}
/** This control ends, has lost the lease or its store: the record stays as it is, and the deploy goes on from there. Any other error fails it. */
export const isLeftToAnother = (error: unknown, signal: AbortSignal): boolean =>
  signal.aborted || isFault(error, 'deploy_lost') || isFault(error, 'store_unavailable')

/** A host's refusal is this machine's failure, in the host's words. */
export async function refusalFails<Result>(step: Pick<DeployMachineStep, 'machine' | 'region'>, order: () => Promise<Result>): Promise<Result> {
  try {
    return await order()
  } catch (error) {
    if (!isFault(error) || error.code === 'deploy_lost' || error.code === 'store_unavailable') throw error
    throw new StepFailed(`${step.machine} in ${step.region}: ${error.message}${error.hint === undefined ? '' : ` (${error.hint})`}`, { cause: error })
  }
}
