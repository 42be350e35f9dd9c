import type { MachineConfig } from '../machine/machine-config.ts'
import type { DeployMachineStep, DeployRecord } from './deploy-record.ts'
import { groupKey, platformVersionKey, releaseCommandGroup, targetConfig, testMachineGroup } from './plan-deploy.ts'

/** The config that a step's machine gets; undefined when the plan has none for its group. */
export function configOfStep(deploy: DeployRecord, step: DeployMachineStep): MachineConfig | undefined {
  if (step.action === 'release_command') return deploy.releaseCommand && passingConfig(deploy, deploy.releaseCommand.config, releaseCommandGroup)
  const target = Object.hasOwn(deploy.targets, step.group) ? deploy.targets[step.group] : undefined
  if (target === undefined) return undefined
  const former = step.former === undefined ? undefined : deploy.former[step.former]
  // A size that was given by hand stays unless `[[vm]]` says another (platform-semantics §4.1).
  const sized = target.guest === undefined && former?.guest !== undefined ? { ...target, guest: former.guest } : target
  const config = targetConfig(step.group, sized, deploy.image, deploy.release, standbysOf(deploy, step))
  return step.action === 'canary' ? { ...config, metadata: { ...config.metadata, fly_canary: 'true' } } : config
}

/** With bluegreen the machines that a spare stands by for have successors, and those are what it stands by for. */
function standbysOf(deploy: DeployRecord, step: DeployMachineStep): readonly string[] | undefined {
  if (step.standbyFor !== undefined) return [step.standbyFor]
  const former = step.former === undefined ? undefined : deploy.former[step.former]
  return former?.standbys?.map((id) => deploy.steps.find((other) => other.replaces === id)?.machine ?? id)
}

/** The machine that runs a machine check: the check's own command, told where the machine under test is (platform-semantics §6). */
export function testConfig(deploy: DeployRecord, check: MachineConfig, address: string): MachineConfig {
  const config = passingConfig(deploy, check, testMachineGroup)
  return { ...config, env: { ...config.env, FLY_TEST_MACHINE_IP: address, FLY_TEST_COMMAND: '1' } }
}

/** Of a machine that runs to its end once and takes no requests. It counts as a deploy's own, so that the next deploy takes away one that was left behind. */
function passingConfig(deploy: DeployRecord, config: MachineConfig, group: string): MachineConfig {
  // It is not its machine that ends it (auto_destroy): how it ended has to be readable, also for a control that comes later.
  const { services: _services, checks: _checks, mounts: _mounts, standbys: _standbys, auto_destroy: _auto, ...rest } = config
  return {
    ...rest,
    restart: { policy: 'no' },
    metadata: {
      ...config.metadata,
      [platformVersionKey]: 'v2',
      [groupKey]: group,
      fly_release_id: deploy.release.id,
      fly_release_version: String(deploy.release.version),
    },
  }
}
