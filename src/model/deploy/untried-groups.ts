import type { DeployMachineStep } from './deploy-record.ts'

/** Process groups of which no machine was started with the release: all of theirs are stopped and stay so, and nothing says yet whether it works there. */
export function untriedGroups(steps: readonly Pick<DeployMachineStep, 'action' | 'group' | 'warm'>[]): readonly string[] {
  const ofRelease = steps.filter(({ action }) => action === 'create' || action === 'update' || action === 'canary')
  const tried = new Set(ofRelease.filter(({ warm }) => warm).map(({ group }) => group))
  return [...new Set(ofRelease.map(({ group }) => group))].filter((group) => !tried.has(group))
}
