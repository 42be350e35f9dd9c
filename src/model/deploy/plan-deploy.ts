import type { InstanceId, MachineId, RegionCode } from '../ids.ts'
import type { MachineConfig } from '../machine/machine-config.ts'
import type { MachineState } from '../machine/machine-state.ts'
import { checksOf } from '../service/service.ts'
import type { DeployMachineStep } from './deploy-record.ts'
import type { DeployStrategy } from './deploy-strategy.ts'
import { isTarget, mayCreate, type TargetFilter } from './target-filter.ts'

export const platformVersionKey = 'fly_platform_version'
export const groupKey = 'fly_process_group'
/** Machines of a deploy's own making, gone when it ends (flyctl-contract §1.5). */
export const releaseCommandGroup = 'fly_app_release_command'
export const testMachineGroup = 'fly_app_test_machine_command'

/** A machine of the app as it is before the deploy. */
export interface MachineBefore {
  readonly id: MachineId
  readonly region: RegionCode
  readonly state: MachineState
  readonly config: MachineConfig
}
export interface PlanInput {
  /** Target config per process group. */
  readonly groups: Readonly<Record<string, MachineConfig>>
  /** Oldest first. */
  readonly machines: readonly MachineBefore[]
  readonly primaryRegion: RegionCode
  readonly ha: boolean
  /** rolling without it. */
  readonly strategy?: DeployStrategy
  readonly only?: TargetFilter
  readonly hasReleaseCommand?: boolean
  /** How many machine checks each group has. */
  readonly tests?: Readonly<Record<string, number>>
  readonly newMachineId: () => MachineId
  readonly newInstanceId: () => InstanceId
}
export interface DeployPlan {
  readonly steps: readonly DeployMachineStep[]
  readonly former: Readonly<Record<string, MachineConfig>>
}

const runsStates: ReadonlySet<MachineState> = new Set(['started', 'starting', 'restarting', 'failed'])
/** Whether an update starts the machine again (platform-semantics §5.1: skip_launch unless …). */
export const isWarm = (state: MachineState): boolean => runsStates.has(state)

/** Deploys and scale see only machines that a deploy made (platform-semantics §4.1). */
export const isManaged = (config: MachineConfig): boolean => config.metadata?.[platformVersionKey] === 'v2'
export const groupOf = (config: MachineConfig): string => config.metadata?.[groupKey] ?? 'app'

/**
 * What a deploy does to which machine (platform-semantics §5.1): machines of groups that are new are made in the primary region, two per group with
 * services, else one and a standby, unless `ha` is off; those that exist are updated where they are, or with bluegreen replaced by new ones in the same
 * region; machines of groups that are gone are destroyed, when everything else has passed.
 */
export function planDeploy(input: PlanInput): DeployPlan {
  const only = input.only ?? {}
  const strategy = input.strategy ?? 'rolling'
  const all = input.machines.filter((machine) => isManaged(machine.config))
  const targets = all.filter(({ id, region, config }) => isTarget(only, { id, region, group: groupOf(config) }))
  const former = openFormer()
  const step = (
    about: Pick<DeployMachineStep, 'action' | 'machine' | 'group' | 'region' | 'warm'> & Partial<DeployMachineStep>,
  ): DeployMachineStep => ({
    ...about,
    ...testsOf(input, about.group, about.warm && about.action !== 'destroy'),
    instanceId: input.newInstanceId(),
    undoInstanceId: input.newInstanceId(),
    progress: 'planned',
  })
  const first: DeployMachineStep[] = []
  const create: DeployMachineStep[] = []
  const warm: DeployMachineStep[] = []
  const cold: DeployMachineStep[] = []
  const destroy: DeployMachineStep[] = []
  const { primaryRegion } = input
  if (input.hasReleaseCommand === true)
    first.push(step({ action: 'release_command', machine: input.newMachineId(), group: releaseCommandGroup, region: primaryRegion, warm: false }))

  for (const [group, config] of Object.entries(input.groups)) {
    const existing = targets.filter((machine) => groupOf(machine.config) === group)
    const running = existing.filter((machine) => isWarm(machine.state))
    const [example] = running.length > 0 ? running : existing
    if (strategy === 'canary' && example !== undefined)
      first.push(step({ action: 'canary', machine: input.newMachineId(), group, region: example.region, warm: true }))
    // Where nothing runs, one is started all the same: a check has to say something about the release.
    const rehearsed = running.length === 0 && checksOf(config).length > 0 ? existing[0]?.id : undefined
    for (const machine of existing) {
      const { region } = machine
      const isRunning = isWarm(machine.state)
      const key = former.keyOf(machine.config)
      if (strategy === 'bluegreen') {
        const green = { machine: input.newMachineId(), replaces: machine.id, former: key }
        create.push(step({ action: 'create', group, region, warm: isRunning || machine.id === rehearsed, ...green }))
        destroy.push(step({ action: 'destroy', machine: machine.id, group, region, warm: isRunning }))
      } else (isRunning ? warm : cold).push(step({ action: 'update', machine: machine.id, group, region, warm: isRunning, former: key }))
    }
    const isNew = all.every((machine) => groupOf(machine.config) !== group)
    if (isNew && mayCreate(only, group, primaryRegion)) create.push(...newMachines(input, step, group, config))
  }
  if (only.updateOnly !== true) {
    for (const machine of targets) {
      const group = groupOf(machine.config)
      if (Object.hasOwn(input.groups, group)) continue
      destroy.push(step({ action: 'destroy', machine: machine.id, group, region: machine.region, warm: isWarm(machine.state) }))
    }
  }
  // A running machine shows first whether the release works at all; then those that are stopped follow without a start.
  return { steps: [...first, ...create, ...warm, ...cold, ...destroy], former: former.configs() }
}

/** The first machines of a group: a second one where clients come, a spare that waits for a dead host where none come (platform-semantics §3.5, §5.1). */
function newMachines(
  input: PlanInput,
  step: (about: Pick<DeployMachineStep, 'action' | 'machine' | 'group' | 'region' | 'warm'> & Partial<DeployMachineStep>) => DeployMachineStep,
  group: string,
  config: MachineConfig,
): readonly DeployMachineStep[] {
  const make = (more: Partial<DeployMachineStep> = {}) =>
    step({ action: 'create', machine: input.newMachineId(), group, region: input.primaryRegion, warm: true, ...more })
  const main = make()
  if (!input.ha || (config.mounts?.length ?? 0) > 0) return [main]
  return (config.services?.length ?? 0) > 0 ? [main, make()] : [main, make({ warm: false, standbyFor: main.machine })]
}

const testsOf = ({ tests, newMachineId }: PlanInput, group: string, isTested: boolean): Pick<DeployMachineStep, 'tests'> => {
  const count = isTested ? (tests?.[group] ?? 0) : 0
  return count === 0 ? {} : { tests: Array.from({ length: count }, newMachineId) }
}

/** Equal configs under one key: most machines of a group share theirs. */
function openFormer() {
  const known = new Map<string, { readonly key: string; readonly config: MachineConfig }>()
  return {
    keyOf(config: MachineConfig): string {
      const text = JSON.stringify(config)
      const found = known.get(text) ?? { key: `f${known.size}`, config }
      known.set(text, found)
      return found.key
    },
    configs: (): Readonly<Record<string, MachineConfig>> => Object.fromEntries(Array.from(known.values(), ({ key, config }) => [key, config])),
  }
}

/** The config that one machine gets: the group's, with what is the machine's own. A group with services has no use for standbys (§3.5). */
export function targetConfig(
  group: string,
  config: MachineConfig,
  image: string,
  release: { readonly id: string; readonly version: number },
  standbys: readonly string[] | undefined,
): MachineConfig {
  const { standbys: _none, ...rest } = config
  const isSpare = standbys !== undefined && standbys.length > 0 && (config.services?.length ?? 0) === 0
  return {
    ...rest,
    image,
    metadata: {
      ...config.metadata,
      [platformVersionKey]: 'v2',
      [groupKey]: group,
      fly_release_id: release.id,
      fly_release_version: String(release.version),
    },
    ...(isSpare ? { standbys } : {}),
  }
}
