import type { DeployMachineStep } from '../../model/deploy/deploy-record.ts'
import { nextSteps } from '../../model/deploy/next-steps.ts'
import { isFault } from '../../model/fault/fault.ts'
import type { MachineId } from '../../model/ids.ts'
import { carryOutStep, remove } from './carry-out-step.ts'
import type { DeployWork } from './deploy-work.ts'
import { isLeftToAnother } from './step-failed.ts'

const retryMs = 500

/**
 * What is left once everything has passed, and only goes forward: requests change over to machines that took others' place, and what nobody needs any more
 * is destroyed. What cannot be done is tried again for the deploy's `wait_timeout`, then said.
 */
export async function finishDeploy(work: DeployWork, signal: AbortSignal): Promise<void> {
  const { journal, hands } = work
  const { app, steps } = journal.record
  const greens = steps.filter((step) => step.replaces !== undefined)
  const blues = greens.flatMap((step) => (step.replaces === undefined ? [] : [step.replaces]))
  const openBlues = blues.filter((machine) => steps.some((step) => step.machine === machine && step.progress !== 'passed'))
  if (openBlues.length > 0) {
    journal.note('step', `requests change over to ${greens.length} new machines`)
    await cordonAll(
      work,
      greens.map((step) => step.machine),
      false,
      signal,
    )
    const revision = await cordonAll(work, openBlues, true, signal)
    await work.edgesAt(revision, signal)
  }
  await destroyAll(work, signal)
  for (const step of steps) {
    const passing = step.action === 'release_command' || step.action === 'canary' ? [step.machine] : []
    for (const machine of [...passing, ...(step.tests ?? [])])
      if (hands.row(app, machine) !== undefined) await insist(work, machine, () => remove(work, { machine }), signal)
  }
}

async function cordonAll(work: DeployWork, machines: readonly MachineId[], cordoned: boolean, signal: AbortSignal): Promise<number> {
  const { hands, journal } = work
  const revisions = await Promise.all(
    machines.map(async (machine) => {
      const row = hands.row(journal.record.app, machine)
      return (row && (await insist(work, machine, () => hands.cordon(row, cordoned), signal))) ?? 0
    }),
  )
  return Math.max(0, ...revisions)
}

async function destroyAll(work: DeployWork, signal: AbortSignal): Promise<void> {
  const underWay = new Map<MachineId, Promise<void>>()
  const gone = async (step: DeployMachineStep) => {
    await insist(work, step.machine, () => carryOutStep(work, step, signal), signal)
    await work.journal.step(step.machine, 'passed')
  }
  let lost: { readonly error: unknown } | undefined
  for (;;) {
    if (lost === undefined)
      for (const step of nextSteps(work.journal.record, new Set(underWay.keys())))
        underWay.set(
          step.machine,
          gone(step)
            .catch((error: unknown) => void (lost ??= { error }))
            .finally(() => underWay.delete(step.machine)),
        )
    if (underWay.size === 0) break
    await Promise.race(underWay.values())
  }
  if (lost !== undefined) throw lost.error
}

/** Undefined when it could not be done in time; that is said, and the deploy goes on: an order that was given is finished by whoever reconciles. */
async function insist<Result>(work: DeployWork, machine: MachineId, act: () => Promise<Result>, signal: AbortSignal): Promise<Result | undefined> {
  const { clock, journal } = work
  const deadline = clock.monotonic() + journal.record.waitTimeoutMs
  for (let isFirst = true; ; isFirst = false) {
    signal.throwIfAborted()
    try {
      return await act()
    } catch (error) {
      if (isLeftToAnother(error, signal)) throw error
      if (isFault(error, 'machine_not_found')) return undefined
      const problem = (error as Error).message
      if (clock.monotonic() >= deadline) {
        journal.note('machine', `${machine} is left as it is: ${problem}`, machine)
        return undefined
      }
      if (isFirst) journal.note('machine', `${machine} cannot be changed yet: ${problem}`, machine)
      await clock.sleep(retryMs, signal)
    }
  }
}
