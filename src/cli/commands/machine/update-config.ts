import type { MachineConfig } from '../../../model/machine/machine-config.ts'
import { wordsOf } from './clone-config.ts'
import { configOfFlags, type MachineFlagValues } from './config-of-flags.ts'

type UpdateFlagValues = Omit<MachineFlagValues, 'name' | 'region' | 'rm'> & {
  readonly image: string | undefined
  readonly command: string | undefined
}

/** A machine's config as the flags of `machine update` change it; what no flag names stays as it was (flyctl's `machine update`). Pure. */
export function updateConfig(
  before: MachineConfig,
  flags: UpdateFlagValues,
  given: (name: 'autostart' | 'autostop') => boolean,
  from: Partial<MachineConfig> = {},
): MachineConfig {
  const base = { ...before, ...from }
  const command = flags.command === undefined ? [] : wordsOf('--command', flags.command)
  const { restart, ...changed } = configOfFlags(flags.image ?? base.image, command, { ...flags, name: undefined, region: undefined, rm: false }, base)
  const wake = {
    ...(given('autostart') ? { autostart: flags.autostart } : {}),
    ...(given('autostop') && flags.autostop !== undefined
      ? { autostop: flags.autostop === 'stop' ? true : flags.autostop === 'off' ? false : flags.autostop }
      : {}),
  }
  return {
    ...changed,
    // Its default is for new machines.
    ...(base.restart === undefined && flags.restart === undefined ? {} : { restart: restart! }),
    ...(flags.port.length > 0 || base.services === undefined ? {} : { services: base.services.map((service) => ({ ...service, ...wake })) }),
  }
}
