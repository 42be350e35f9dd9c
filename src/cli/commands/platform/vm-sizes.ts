import { guestOfSize } from '../../../fly-toml/machine-guest.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { jsonFlag } from '../../framework/shared-flags.ts'
import { renderTable } from '../../output/table.ts'

interface Size {
  readonly name: string
  readonly cpu_kind: string
  readonly cpus: number
  readonly memory_mb: number
  /** Most memory this size may have (platform-semantics §4.1). */
  readonly max_memory_mb: number
}
export const sizeNames: readonly string[] = [
  ...[1, 2, 4, 6, 8].map((cpus) => `shared-cpu-${cpus}x`),
  ...[1, 2, 4, 6, 8, 10, 12, 14, 16].map((cpus) => `performance-${cpus}x`),
]

export const command = defineCommand({
  description: 'Lists the machine sizes by their names. The process runtime records a size but does not limit a machine to it.',
  flags: jsonFlag,
  args: {},
  run: (ctx) => {
    const sizes = sizeNames.flatMap((name): readonly Size[] => {
      const { cpu_kind = 'shared', cpus = 1, memory_mb = 256 } = guestOfSize(name) ?? {}
      return [{ name, cpu_kind, cpus, memory_mb, max_memory_mb: cpus * (cpu_kind === 'shared' ? 2048 : 8192) }]
    })
    if (ctx.isJson) ctx.printJson(sizes)
    else
      ctx.print(
        renderTable<Size>(
          [
            ['name', (size) => size.name],
            ['cpu kind', (size) => size.cpu_kind],
            ['cpu cores', (size) => size.cpus],
            ['memory', (size) => `${size.memory_mb} MB`],
            ['max memory', (size) => `${size.max_memory_mb} MB`],
          ],
          sizes,
        ),
      )
    return Promise.resolve()
  },
})
