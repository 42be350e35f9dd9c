import { optionsOf, strategyOf, type DeployMachineStep } from '../../model/deploy/deploy-record.ts'
import { isWarm } from '../../model/deploy/plan-deploy.ts'
import { configOfStep, testConfig } from '../../model/deploy/step-config.ts'
import { isFault } from '../../model/fault/fault.ts'
import type { InstanceId } from '../../model/ids.ts'
import type { MachineConfig } from '../../model/machine/machine-config.ts'
import type { DesiredMachine } from '../../model/machine/machine-record.ts'
import type { DeployWork } from './deploy-work.ts'
import { watchGate } from './machine-gate.ts'
import { planned, runOnce } from './run-once.ts'
import { isLeftToAnother, refusalFails, StepFailed } from './step-failed.ts'

const shownLines = 15
const testTimeoutMs = 300_000

/** Does what a step says, up to its last gate. Can be repeated at any point. Throws StepFailed. */
export async function carryOutStep(work: DeployWork, step: DeployMachineStep, signal: AbortSignal): Promise<void> {
  switch (step.action) {
    case 'release_command':
      return runReleaseCommand(work, step, signal)
    case 'canary':
      return tryCanary(work, step, signal)
    case 'create':
      return create(work, step, signal)
    case 'update':
      return update(work, step, signal)
    case 'destroy':
      return destroy(work, step, signal)
  }
}

const configOf = (work: DeployWork, step: DeployMachineStep): MachineConfig => {
  const { record } = work.journal
  return planned(configOfStep(record, step), record.app, step.group, Object.keys(record.targets))
}

async function runReleaseCommand(work: DeployWork, step: DeployMachineStep, signal: AbortSignal): Promise<void> {
  const { journal } = work
  await journal.touch(step.machine)
  const timeoutMs = journal.record.releaseCommand?.timeoutMs ?? 0
  await runOnce(work, { ...step, what: 'release command', config: configOf(work, step), timeoutMs }, signal)
  journal.note('machine', 'the release command has ended with exit code 0', step.machine)
  await journal.step(step.machine, 'passed')
  await remove(work, step)
}

/** A machine of the new release beside all others, without requests; it goes when it has passed (platform-semantics §5.3). */
async function tryCanary(work: DeployWork, step: DeployMachineStep, signal: AbortSignal): Promise<void> {
  const { journal, hands } = work
  const config = configOf(work, step)
  await journal.touch(step.machine)
  if (hands.row(journal.record.app, step.machine) === undefined) {
    journal.note('step', `creating canary ${step.machine} of group ${step.group} in ${step.region}`, step.machine)
    await refusalFails(step, () => hands.create(journal.record.app, { ...step, config, start: true, cordoned: true }))
  }
  await pass(work, step, config, signal)
  journal.note('machine', `canary ${step.machine} of group ${step.group} is up and goes`, step.machine)
  await journal.step(step.machine, 'passed')
  await remove(work, step)
}

async function create(work: DeployWork, step: DeployMachineStep, signal: AbortSignal): Promise<void> {
  const { journal, hands } = work
  const config = configOf(work, step)
  await journal.touch(step.machine)
  if (hands.row(journal.record.app, step.machine) === undefined) {
    const place = step.replaces === undefined ? '' : ` in place of ${step.replaces}`
    journal.note('step', `creating ${step.machine} in ${step.region}${place}`, step.machine)
    await refusalFails(step, () => hands.create(journal.record.app, { ...step, config, start: step.warm, cordoned: step.replaces !== undefined }))
  }
  if (step.warm) await pass(work, step, config, signal)
  const note = step.standbyFor === undefined ? 'is there; it is started when it is wanted' : `stands by for ${step.standbyFor}`
  journal.note('machine', `${step.machine} (${step.region}) ${step.warm ? 'is up' : note}`, step.machine)
  await journal.step(step.machine, 'passed')
}

async function update(work: DeployWork, planned: DeployMachineStep, signal: AbortSignal): Promise<void> {
  const { journal, hands } = work
  const row = hands.row(journal.record.app, planned.machine)
  if (row === undefined) {
    journal.note('machine', `${planned.machine} was destroyed meanwhile`, planned.machine)
    return journal.step(planned.machine, 'passed')
  }
  const config = configOf(work, planned)
  // A request may have woken it since the plan was made: then it is treated as one that runs.
  const { observed } = await refusalFails(planned, () => hands.host(row).getMachine(row.id))
  const step = await journal.touch(planned.machine, { warm: isWarm(observed.state) })
  await replace(work, step, row, { instanceId: step.instanceId, config }, signal)
  if (step.warm) await pass(work, step, config, signal)
  const note = step.warm ? 'is up' : 'is updated; it stays stopped'
  journal.note('machine', `${step.machine} (${step.region}) ${note}`, step.machine)
  await journal.step(step.machine, 'passed')
}

async function destroy(work: DeployWork, step: DeployMachineStep, signal: AbortSignal): Promise<void> {
  const { journal, hands } = work
  await journal.touch(step.machine)
  const row = hands.row(journal.record.app, step.machine)
  if (row !== undefined) {
    await emptyOut(work, row, signal)
    await hands.destroy(row)
  }
  const successor = journal.record.steps.find((other) => other.replaces === step.machine)
  const why = successor === undefined ? ` of group ${step.group}, which is gone` : `: ${successor.machine} has taken its place`
  journal.note('machine', `destroyed ${step.machine}${why}`, step.machine)
}

/** Gives an existing machine another config: its requests first come to their end, and it is started again when it ran. */
export async function replace(
  work: DeployWork,
  step: DeployMachineStep,
  row: DesiredMachine,
  next: { readonly instanceId: InstanceId; readonly config: MachineConfig },
  signal: AbortSignal,
  doing = 'updating',
): Promise<void> {
  const { journal, hands } = work
  if (row.instanceId !== next.instanceId || row.order !== 'accepted') {
    journal.note('step', `${doing} ${step.machine} in ${step.region}`, step.machine)
    await emptyOut(work, row, signal)
    await refusalFails(step, () => hands.update(row, { ...next, start: step.warm }))
  }
  if (step.warm) await refusalFails(step, () => hands.start(row))
}

/** What does not end in time ends with the machine, and is said. */
export async function emptyOut(work: DeployWork, row: DesiredMachine, signal: AbortSignal): Promise<void> {
  const obstacle = await work.hands.drain(row, signal)
  if (obstacle !== undefined) work.journal.note('machine', `${row.id} was not drained: ${obstacle}`, row.id)
}

/** Takes away a machine that was made only to pass. What cannot be taken away now goes when the deploy ends, at the latest with the next one. */
export async function remove(work: DeployWork, { machine }: Pick<DeployMachineStep, 'machine'>): Promise<void> {
  const row = work.hands.row(work.journal.record.app, machine)
  if (row !== undefined) await refusalFails({ machine, region: row.region }, () => work.hands.destroy(row))
}

/** The gates of one machine (platform-semantics §5.2): started, machine checks, smoke, health. Throws StepFailed with the machine's last words as events. */
async function pass(work: DeployWork, step: DeployMachineStep, config: MachineConfig, signal: AbortSignal): Promise<void> {
  const { journal, hands, clock } = work
  const { record } = journal
  if (strategyOf(record) === 'immediate') return
  const row = hands.row(record.app, step.machine)
  if (row === undefined) throw new StepFailed(`${step.machine} was destroyed meanwhile`)
  const host = hands.host(row)
  const onWait = (what: string) => journal.note('check', `${step.machine} waits for ${what}`, step.machine)
  const watch = (health: boolean) =>
    watchGate(
      { clock, host, onWait },
      { id: step.machine, instanceId: step.instanceId, config },
      { timeoutMs: record.waitTimeoutMs, signal, gates: { smoke: optionsOf(record).smokeChecks, health } },
    )
  try {
    const tests = record.machineChecks?.[step.group] ?? []
    if (step.tests !== undefined && tests.length > 0) {
      const started = await watch(false)
      if (started.kind === 'failed') throw new StepFailed(`${step.machine} in ${step.region}: ${started.reason}`)
      await runTests(work, step, tests, signal)
    }
    const result = await watch(true)
    if (result.kind === 'failed') throw new StepFailed(`${step.machine} in ${step.region}: ${result.reason}`)
  } catch (error) {
    if (isLeftToAnother(error, signal) || !(error instanceof StepFailed)) throw error
    journal.note('machine', `${step.machine} (${step.region}) failed: ${error.message}`, step.machine)
    for (const line of await lastLines(work, step)) journal.note('log', line, step.machine)
    throw error
  }
}

/** What the machine said since the deploy set about it. */
async function lastLines({ journal, hands }: DeployWork, { machine }: DeployMachineStep): Promise<readonly string[]> {
  const { app, events } = journal.record
  const row = hands.row(app, machine)
  if (row === undefined) return []
  const since = events.findLast((event) => event.kind === 'step' && event.machine === machine)?.at ?? ''
  try {
    const lines = await hands.host(row).readLogs({ app, machine, limit: shownLines })
    return lines.filter((line) => line.timestamp >= since).map((line) => line.message)
  } catch (error) {
    if (!isFault(error)) throw error
    return [`(its log cannot be read: ${error.message})`]
  }
}

async function runTests(work: DeployWork, step: DeployMachineStep, tests: readonly MachineConfig[], signal: AbortSignal): Promise<void> {
  const { journal, hands } = work
  const row = hands.row(journal.record.app, step.machine)
  if (row === undefined) throw new StepFailed(`${step.machine} was destroyed meanwhile`)
  const { observed } = await refusalFails(step, () => hands.host(row).getMachine(row.id))
  for (const [at, machine] of (step.tests ?? []).entries()) {
    const check = tests[at]
    if (check === undefined) continue
    const config = testConfig(journal.record, check, observed.endpoint.address)
    const { instanceId, region } = step
    await runOnce(work, { what: `machine check of ${step.machine}`, machine, instanceId, region, config, timeoutMs: testTimeoutMs }, signal)
    await remove(work, { machine })
  }
}
