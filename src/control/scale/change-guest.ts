import { guestOfSize, type Guest } from '../../fly-toml/machine-guest.ts'
import { fault } from '../../model/fault/fault.ts'
import type { VmChange } from '../../protocol/kante-api.ts'

const sizeNames = 'shared-cpu-1x, -2x, -4x, -6x, -8x, performance-1x, -2x, -4x … -16x'
/** Per virtual CPU, in MB: the least, the most, and the step (platform-semantics §4.1). */
const memoryRules = { shared: { least: 256, most: 2048, step: 256 }, performance: { least: 2048, most: 8192, step: 2048 } } as const
const smallest: Guest = { cpu_kind: 'shared', cpus: 1, memory_mb: 256 }

/**
 * Another size for a machine (platform-semantics §4.1, §4.2): a size by name brings its own memory, other parts replace only themselves; more CPUs bring at
 * least the memory that they need. What the guest has besides stays. Fault invalid_value.
 */
export function changeGuest(before: Guest | undefined, { size, memoryMb, cpus, cpuKind }: VmChange): Guest {
  const preset = size === undefined ? undefined : guestOfSize(size)
  if (size !== undefined && preset === undefined) throw fault('invalid_value', { field: 'size', found: size, rule: sizeNames })
  const base = { ...smallest, ...before, ...preset }
  const kind = cpuKind ?? (base.cpu_kind === 'performance' ? 'performance' : 'shared')
  const count = cpus ?? base.cpus ?? 1
  const { least, most, step } = memoryRules[kind]
  const memory = memoryMb ?? Math.min(count * most, Math.max(count * least, base.memory_mb ?? 0))
  const isAllowed = memory >= count * least && memory <= count * most && (memory - count * least) % step === 0
  if (!isAllowed) {
    const rule = `from ${count * least} to ${count * most} MB in steps of ${step} with ${count} ${kind} CPU${count === 1 ? '' : 's'}`
    throw fault('invalid_value', { field: 'memory', found: memory, rule })
  }
  return { ...base, cpu_kind: kind, cpus: count, memory_mb: memory }
}

export const isSameSize = (a: Guest | undefined, b: Guest): boolean =>
  (a?.cpu_kind ?? smallest.cpu_kind) === b.cpu_kind && (a?.cpus ?? smallest.cpus) === b.cpus && (a?.memory_mb ?? smallest.memory_mb) === b.memory_mb
