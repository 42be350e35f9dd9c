import type { MachineConfig } from '../model/machine/machine-config.ts'
import type { VmSection } from './fly-config.ts'
import { given } from './read-compute.ts'

export type Guest = NonNullable<MachineConfig['guest']>

/** Fly.io's size presets (platform-semantics §4.2): kind, virtual CPUs and the memory that comes with them. */
export function guestOfSize(size: string): Guest | undefined {
  const match = /^(?:(shared)-cpu-(1|2|4|6|8)x|(performance)-(1|2|4|6|8|10|12|14|16)x)$/.exec(size)
  if (match === null) return undefined
  const kind = match[1] ?? match[3] ?? 'shared'
  const cpus = Number(match[2] ?? match[4])
  return { cpu_kind: kind, cpus, memory_mb: cpus * (kind === 'shared' ? 256 : 2048) }
}

/** A group's `[[vm]]`: the section that names the group, else the one that names none; nothing when there is no section. */
export function guestOf(sections: readonly VmSection[], group: string): Guest | undefined {
  const vm = sections.find((section) => section.processes.includes(group)) ?? sections.find((section) => section.processes.length === 0)
  if (vm === undefined) return undefined
  const kind = vm.cpuKind ?? 'shared'
  const base = guestOfSize(vm.size ?? (kind === 'performance' ? 'performance-1x' : 'shared-cpu-1x'))
  const cpus = vm.cpus ?? base?.cpus ?? 1
  const perCpuMb = (vm.cpuKind ?? base?.cpu_kind) === 'performance' ? 2048 : 256
  return {
    ...base,
    cpus,
    ...(vm.cpus === undefined ? {} : { memory_mb: cpus * perCpuMb }),
    ...given({
      cpu_kind: vm.cpuKind,
      memory_mb: vm.memoryMb,
      gpus: vm.gpus,
      gpu_kind: vm.gpuKind,
      kernel_args: vm.kernelArgs,
      host_dedication_id: vm.hostDedicationId,
    }),
  }
}
