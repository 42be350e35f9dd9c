import type { InstanceId, MachineId, RegionCode } from '../ids.ts'
import type { MachineConfig } from '../machine/machine-config.ts'
import type { MachineState } from '../machine/machine-state.ts'
import type { DeployMachineStep } from './deploy-record.ts'

export const platformVersionKey = 'fly_platform_version'
export const groupKey = 'fly_process_group'

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
  readonly newMachineId: () => MachineId
  readonly newInstanceId: () => InstanceId
}
export interface DeployPlan {
  readonly steps: readonly DeployMachineStep[]
  readonly former: Readonly<Record<string, MachineConfig>>
}

const runsStates: ReadonlySet<MachineState> = new Set(['started', 'starting', 'restarting', 'failed'])

/** Deploys and scale see only machines that a deploy made (platform-semantics §4.1). */
export const isManaged = (config: MachineConfig): boolean => config.metadata?.[platformVersionKey] === 'v2'
export const groupOf = (config: MachineConfig): string => config.metadata?.[groupKey] ?? 'app'

/**
 * What a deploy does to which machine (platform-semantics §5.1): machines of groups that are new are made in the primary region, two per group with
 * services unless `ha` is off; those that exist are updated where they are, running ones last and first those of small groups' order of age; machines
 * of groups that are gone are destroyed, when everything else has passed.
 */
export function planDeploy(input: PlanInput): DeployPlan {
  const managed = input.machines.filter((machine) => isManaged(machine.config))
  const former = new Map<string, { readonly key: string; readonly config: MachineConfig }>()
  const formerKey = (config: MachineConfig): string => {
    const text = JSON.stringify(config)
    const known = former.get(text) ?? { key: `f${former.size}`, config }
    former.set(text, known)
    return known.key
  }
  const ids = () => ({ instanceId: input.newInstanceId(), undoInstanceId: input.newInstanceId(), progress: 'planned' }) as const
  const create: DeployMachineStep[] = []
  const cold: DeployMachineStep[] = []
  const warm: DeployMachineStep[] = []
  for (const [group, config] of Object.entries(input.groups)) {
    const existing = managed.filter((machine) => groupOf(machine.config) === group)
    for (const machine of existing) {
      const isWarm = runsStates.has(machine.state)
      const step: DeployMachineStep = {
        action: 'update',
        machine: machine.id,
        group,
        region: machine.region,
        warm: isWarm,
        former: formerKey(machine.config),
        ...ids(),
      }
      ;(isWarm ? warm : cold).push(step)
    }
    const missing = existing.length > 0 ? 0 : machinesAtFirst(config, input.ha)
    for (let made = 0; made < missing; made++) {
      create.push({ action: 'create', machine: input.newMachineId(), group, region: input.primaryRegion, warm: true, ...ids() })
    }
  }
  const destroy = managed
    .filter((machine) => !Object.hasOwn(input.groups, groupOf(machine.config)))
    .map((machine): DeployMachineStep => ({
      action: 'destroy',
      machine: machine.id,
      group: groupOf(machine.config),
      region: machine.region,
      warm: runsStates.has(machine.state),
      ...ids(),
    }))
  // A running machine shows first whether the release works at all; then those that are stopped follow without a start.
  const steps = [...create, ...warm, ...cold, ...destroy]
  return { steps, former: Object.fromEntries(Array.from(former.values(), ({ key, config }) => [key, config])) }
}

const machinesAtFirst = (config: MachineConfig, ha: boolean): number =>
  ha && (config.services?.length ?? 0) > 0 && (config.mounts?.length ?? 0) === 0 ? 2 : 1

/** The config that one machine gets: the group's, with what is the machine's own. */
export function targetConfig(
  group: string,
  config: MachineConfig,
  image: string,
  release: { readonly id: string; readonly version: number },
  standbys: readonly string[] | undefined,
): MachineConfig {
  const { standbys: _none, ...rest } = config
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
    ...(standbys === undefined || standbys.length === 0 ? {} : { standbys }),
  }
}
