import type { MachineConfig } from '../model/machine/machine-config.ts'
import { isProblem, splitCommandLine } from './command-line.ts'
import type { FlyConfig, MachineCheckSection } from './fly-config.ts'
import { guestOfVm } from './machine-guest.ts'
import { given } from './read-compute.ts'
import { stopConfigOf, type GroupConfig } from './to-machine-configs.ts'

/** The machine that `[deploy] release_command` runs on, image left to control; nothing when there is no command (flyctl-contract §1.5). */
export function releaseCommandConfig(config: FlyConfig): GroupConfig | undefined {
  const words = splitCommandLine(config.deploy.releaseCommand ?? '')
  if (isProblem(words) || words.length === 0) return undefined
  const { releaseCommandVm: vm } = config.deploy
  return {
    ...oneOff(config, 'fly_app_release_command', { RELEASE_COMMAND: '1' }),
    init: given({ cmd: words, entrypoint: config.experimental.entrypoint, swap_size_mb: config.swapSizeMb }),
    ...given({ stop_config: stopConfigOf(config), guest: vm === undefined ? undefined : guestOfVm(vm, config.hostDedicationId) }),
  }
}

/** The machine of a `[[machine_checks]]`; control adds the app's image where `image` is missing, and FLY_TEST_MACHINE_IP (platform-semantics §6). */
export function machineCheckConfig(config: FlyConfig, check: MachineCheckSection): GroupConfig & Pick<Partial<MachineConfig>, 'image'> {
  // With an image of its own, signals are that image's business.
  const stop = check.image === undefined ? { ...config, ...check } : check
  return {
    ...oneOff(config, 'fly_app_test_machine_command', { FLY_TEST_COMMAND: '1' }),
    init: given({ cmd: check.command, entrypoint: config.experimental.entrypoint ?? check.entrypoint, swap_size_mb: config.swapSizeMb }),
    ...given({ image: check.image, stop_config: stopConfigOf(stop) }),
  }
}

/** Runs once, is not routed to, ends with its program. */
function oneOff(config: FlyConfig, group: string, env: Readonly<Record<string, string>>): GroupConfig {
  return {
    env: { ...config.env, ...env, FLY_PROCESS_GROUP: group, ...(config.primaryRegion === undefined ? {} : { PRIMARY_REGION: config.primaryRegion }) },
    metadata: { fly_process_group: group, fly_platform_version: 'v2' },
    restart: { policy: 'no' },
    auto_destroy: true,
    dns: { skip_registration: true },
  }
}
