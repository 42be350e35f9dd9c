import type { MachineId } from '../ids.ts'
import { optionsOf, strategyOf, type DeployMachineStep, type DeployRecord } from './deploy-record.ts'

type Action = DeployMachineStep['action']
/** What is done before a deploy is committed; destructions follow afterwards. */
const stages: readonly Action[] = ['release_command', 'canary', 'create', 'update']
/** Machines that do not run are updated in larger handfuls: nobody waits for them (platform-semantics §5.3). */
const coldAtOnce = 30
const groupsAtOnce = 16

/** The stage that a deploy is in: the first with a step that has not passed. Undefined when all that comes before the commit has passed. */
export function stageOf(deploy: Pick<DeployRecord, 'steps'>): Action | undefined {
  return stages.find((stage) => deploy.steps.some((step) => step.action === stage && step.progress !== 'passed'))
}

/**
 * The steps that may begin now, given those under way. One stage after the other; within `update` process groups go side by side, in each a first running
 * machine alone, then as many at once as may be unavailable, those that do not run at last. Pure: what a crash forgets is only which steps were under way.
 */
export function nextSteps(deploy: DeployRecord, underWay: ReadonlySet<MachineId>): readonly DeployMachineStep[] {
  const stage = deploy.isCommitted ? 'destroy' : stageOf(deploy)
  if (stage === undefined) return []
  const ofStage = deploy.steps.filter((step) => step.action === stage)
  const { maxConcurrent } = optionsOf(deploy)
  switch (stage) {
    case 'release_command':
    case 'canary':
      return room(ofStage, underWay, groupsAtOnce)
    case 'create': {
      const greens = ofStage.filter((step) => step.replaces !== undefined).length
      return room(ofStage, underWay, greens === 0 ? maxConcurrent : Math.min(Math.ceil(greens / 3), maxConcurrent))
    }
    case 'destroy':
      return room(ofStage, underWay, maxConcurrent)
    case 'update':
      if (strategyOf(deploy) === 'immediate') return room(ofStage, underWay, maxConcurrent)
      return openGroups(ofStage).flatMap((group) => updatesOf(deploy, group, underWay))
  }
}

function openGroups(steps: readonly DeployMachineStep[]): readonly (readonly DeployMachineStep[])[] {
  const groups = Map.groupBy(steps, (step) => step.group)
  return [...groups.values()].filter((group) => group.some((step) => step.progress !== 'passed')).slice(0, groupsAtOnce)
}

function updatesOf(deploy: DeployRecord, group: readonly DeployMachineStep[], underWay: ReadonlySet<MachineId>): readonly DeployMachineStep[] {
  const warm = group.filter((step) => step.warm)
  if (warm.every((step) => step.progress === 'passed'))
    return room(
      group.filter((step) => !step.warm),
      underWay,
      coldAtOnce,
    )
  const isFirst = warm.every((step) => step.progress !== 'passed')
  return room(warm, underWay, isFirst ? 1 : poolWidth(warm.length, optionsOf(deploy).maxUnavailable))
}

/** How many of `machines` running ones may be away at once (platform-semantics §5.3). */
export const poolWidth = (machines: number, maxUnavailable: number): number =>
  Math.max(1, maxUnavailable >= 1 ? Math.floor(maxUnavailable) : Math.ceil(machines * maxUnavailable))

function room(steps: readonly DeployMachineStep[], underWay: ReadonlySet<MachineId>, width: number): readonly DeployMachineStep[] {
  const open = steps.filter((step) => step.progress !== 'passed')
  const busy = open.filter((step) => underWay.has(step.machine)).length
  return open.filter((step) => !underWay.has(step.machine)).slice(0, Math.max(0, width - busy))
}
