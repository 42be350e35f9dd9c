import { parseSize } from '../../../fly-toml/size-text.ts'
import type { VmChange } from '../../../protocol/kante-api.ts'
import { choice, integer, text, type FlagValues } from '../../framework/flag.ts'
import { UsageError } from '../../framework/usage-error.ts'

export const vmMemoryFlag = { 'vm-memory': text({ help: 'Memory in megabytes, or with a unit as in 1gb' }) } as const
export const vmFlags = {
  'vm-size': text({ help: 'The VM size (see `kante platform vm-sizes`)' }),
  ...vmMemoryFlag,
  'vm-cpus': integer({ help: 'Number of CPUs', min: 1, max: 1024 }),
  'vm-cpu-kind': choice({ help: 'The kind of CPU', choices: ['shared', 'performance'] }),
} as const

const megabyte = 1024 ** 2
/** `1024`, `1gb` → megabytes. `field` is what the message calls it. */
export function megabytesOf(field: string, typed: string): number {
  const bytes = parseSize(typed, megabyte)
  if (bytes === undefined || bytes < megabyte)
    throw new UsageError(`${field}: found "${typed}", allowed are megabytes such as 512, or a size such as 1gb`)
  return Math.floor(bytes / megabyte)
}

/** What the --vm-* flags ask for; undefined when none was typed. */
export function vmChangeOf(flags: FlagValues<typeof vmFlags>): VmChange | undefined {
  const change: VmChange = {
    ...(flags['vm-size'] === undefined ? {} : { size: flags['vm-size'] }),
    ...(flags['vm-memory'] === undefined ? {} : { memoryMb: megabytesOf('--vm-memory', flags['vm-memory']) }),
    ...(flags['vm-cpus'] === undefined ? {} : { cpus: flags['vm-cpus'] }),
    ...(flags['vm-cpu-kind'] === undefined ? {} : { cpuKind: flags['vm-cpu-kind'] }),
  }
  return Object.keys(change).length === 0 ? undefined : change
}
