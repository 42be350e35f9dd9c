import type { Clock } from '../../kit/clock.ts'
import type { App, Release } from '../../model/app.ts'
import type { DeployMachineStep, DeployRecord } from '../../model/deploy/deploy-record.ts'
import { groupOf, isManaged, planDeploy, releaseCommandGroup, type MachineBefore } from '../../model/deploy/plan-deploy.ts'
import { fault } from '../../model/fault/fault.ts'
import { newDeployId, newInstanceId, newMachineId, newReleaseId, type RandomBytes } from '../../model/ids.ts'
import type { MachineConfig } from '../../model/machine/machine-config.ts'
import { memoryMbOf } from '../../model/machine/machine-env.ts'
import { checksOf } from '../../model/service/service.ts'
import type { DeployRequest } from '../../protocol/kante-api.ts'
import type { Caller } from '../api/route.ts'
import type { PlatformView } from '../platform/platform-view.ts'
import { secretsPin } from '../secrets/secrets-pin.ts'
import type { OrgScope } from '../state/org-scope.ts'
import type { Records } from '../state/records.ts'

export interface RecordDeps {
  readonly records: Records
  readonly platform: PlatformView
  readonly clock: Clock
  readonly random: RandomBytes
}

/** A deploy as planned and its release, nothing written yet. Faults strategy_needs_checks, no_targets, no_host_in_region. */
export function deployRecordOf(
  { records, platform, clock, random }: RecordDeps,
  scope: OrgScope,
  app: App,
  request: DeployRequest,
  caller: Caller,
  rollbackOf?: number,
): { readonly deploy: DeployRecord; readonly release: Release } {
  const { image, strategy, waitTimeoutMs } = request
  const version = (scope.releases(app).at(-1)?.version ?? 0) + 1
  const withImage = (config: object): MachineConfig => ({ image, ...config })
  const groups: Readonly<Record<string, MachineConfig>> = mapValues(request.groups, (config) => ({ ...config, image }))
  const machineChecks = request.machineChecks && mapValues(request.machineChecks, (configs) => configs.map(withImage))
  const machines = scope
    .machines(app)
    .flatMap(({ id, desired, observed }): readonly MachineBefore[] =>
      desired === undefined || desired.order === 'destroying'
        ? []
        : [{ id, region: desired.region, config: desired.config, state: observed?.state ?? 'created' }],
    )
  const [primaryRegion] = platform.wanted(request.primaryRegion, app.primaryRegion)
  const plan = planDeploy({
    groups,
    machines,
    primaryRegion: primaryRegion!,
    ha: request.ha,
    strategy,
    hasReleaseCommand: request.releaseCommand !== undefined,
    ...(request.only === undefined ? {} : { only: withoutMissing(request.only) }),
    ...(machineChecks === undefined ? {} : { tests: mapValues(machineChecks, (checks) => checks.length) }),
    newMachineId: () => newMachineId(random),
    newInstanceId: () => newInstanceId(clock.now(), random),
  })
  if (plan.steps.every((step) => step.action === 'release_command')) throw fault('no_targets', { app: app.name })
  const replaced = new Set(plan.steps.filter((step) => step.replaces !== undefined).map((step) => step.group))
  if (replaced.size > 0 && [...replaced].every((group) => checksOf(groups[group] ?? { image }).length === 0))
    throw fault('strategy_needs_checks', { app: app.name, strategy })

  const startedAt = new Date(clock.now()).toISOString()
  const release: Release = {
    schema: 1,
    id: newReleaseId(clock.now(), random),
    app: app.name,
    version,
    image,
    status: 'running',
    strategy,
    ...secretsPin(records, app.name),
    definition: request.definition ?? null,
    deployed: { groups, waitTimeoutMs, ...(machineChecks === undefined ? {} : { machineChecks }) },
    ...(rollbackOf === undefined ? {} : { rollbackOf }),
    createdBy: caller.tokenId,
    createdAt: startedAt,
  }
  const deploy: DeployRecord = {
    schema: 1,
    id: newDeployId(clock.now(), random),
    app: app.name,
    org: app.org,
    release: { id: release.id, version },
    image,
    status: 'running',
    strategy,
    options: { maxUnavailable: request.maxUnavailable, maxConcurrent: request.maxConcurrent, smokeChecks: request.smokeChecks },
    steps: plan.steps,
    former: plan.former,
    targets: groups,
    ...(request.releaseCommand === undefined
      ? {}
      : { releaseCommand: { config: sized(withImage(request.releaseCommand.config), machines), timeoutMs: request.releaseCommand.timeoutMs } }),
    ...(machineChecks === undefined ? {} : { machineChecks }),
    waitTimeoutMs,
    events: [{ seq: 1, at: startedAt, kind: 'plan', message: planText(version, strategy, plan.steps, rollbackOf) }],
    createdBy: caller.tokenId,
    startedAt,
  }
  return { deploy, release }
}

/** The release command's machine is as large as the app's largest, unless the config says otherwise (platform-semantics §5.4). */
function sized(config: MachineConfig, machines: readonly MachineBefore[]): MachineConfig {
  if (config.guest !== undefined) return config
  const managed = machines.filter((machine) => isManaged(machine.config) && groupOf(machine.config) !== releaseCommandGroup)
  const [largest] = managed.map((machine) => machine.config).toSorted((a, b) => memoryMbOf(b) - memoryMbOf(a))
  return { ...config, guest: largest?.guest ?? { cpu_kind: 'shared', cpus: 2, memory_mb: 512 } }
}

function planText(version: number, strategy: string, steps: readonly DeployMachineStep[], rollbackOf: number | undefined): string {
  const count = (action: DeployMachineStep['action']) => steps.filter((step) => step.action === action).length
  const machines = (number: number) => `${number} ${number === 1 ? 'machine' : 'machines'}`
  const parts = [
    ...(count('release_command') > 0 ? ['a release command to run'] : []),
    ...(count('canary') > 0 ? [`${count('canary')} canary to try`] : []),
    ...(count('create') > 0 ? [`${machines(count('create'))} to create`] : []),
    ...(count('update') > 0 ? [`${machines(count('update'))} to update`] : []),
    ...(count('destroy') > 0 ? [`${machines(count('destroy'))} to destroy`] : []),
  ]
  return `release v${version}${rollbackOf === undefined ? '' : `, which is v${rollbackOf} again`} (${strategy}): ${parts.join(', ')}`
}

const mapValues = <From, To>(from: Readonly<Record<string, From>>, map: (value: From) => To): Readonly<Record<string, To>> =>
  Object.fromEntries(Object.entries(from).map(([key, value]) => [key, map(value)]))

type Present<Type> = { readonly [Key in keyof Type]?: Exclude<Type[Key], undefined> }
const withoutMissing = <Type extends object>(from: Type): Present<Type> =>
  Object.fromEntries(Object.entries(from).filter(([, value]) => value !== undefined)) as Present<Type>
