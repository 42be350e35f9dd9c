import type { MachineConfig } from '../model/machine/machine-config.ts'
import type { VmSection } from './fly-config.ts'
import { given } from './read-compute.ts'

export type Guest = NonNullable<MachineConfig['guest']>

/** Fly.io's size presets (platform-semantics §4.2): kind, virtual CPUs and the memory that comes with them. */
export function guestOfSize(size: string): Guest | undefined {
  if (gpuSizes.has(size)) return { cpu_kind: 'performance', cpus: 8, memory_mb: 32_768, gpu_kind: gpuSizes.get(size), gpus: 1 }
  const match = /^(?:(shared)-cpu-(1|2|4|6|8)x|(performance)-(1|2|4|6|8|10|12|14|16)x)$/.exec(size.replace(/^dedicated-cpu-/, 'performance-'))
  if (match === null) return undefined
  const kind = match[1] ?? match[3] ?? 'shared'
  const cpus = Number(match[2] ?? match[4])
  return { cpu_kind: kind, cpus, memory_mb: cpus * (kind === 'shared' ? 256 : 2048) }
}

const gpuSizes = new Map([
  ['a10', 'a10'],
  ['l40s', 'l40s'],
  ['a100-40gb', 'a100-pcie-40gb'],
  ['a100-80gb', 'a100-sxm4-80gb'],
])

/** A group's `[[vm]]`: the section that names the group, else the one that names none; nothing when there is no section. */
export function guestOf(sections: readonly VmSection[], group: string, hostDedicationId?: string): Guest | undefined {
  const vm = sections.find((section) => section.processes.includes(group)) ?? sections.find((section) => section.processes.length === 0)
  return vm === undefined ? undefined : guestOfVm(vm, hostDedicationId)
}

/** What one section asks for; single keys lie over the size. */
export function guestOfVm(vm: VmSection, hostDedicationId?: string): Guest {
  const plain = vm.gpuKind === undefined ? (vm.cpuKind === 'performance' ? 'performance-1x' : 'shared-cpu-1x') : 'performance-8x'
  const base = guestOfSize(vm.size ?? plain) ?? guestOfSize(plain)
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
      host_dedication_id: vm.hostDedicationId ?? hostDedicationId,
      persist_rootfs: vm.persistRootfs,
      max_memory_mb: vm.maxMemoryMb,
    }),
  }
}
