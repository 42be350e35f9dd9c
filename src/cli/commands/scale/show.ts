import type { MachineJson } from '../../../protocol/machines-api.ts'
import { listMachines } from '../../api/machines.ts'
import { appNameOf } from '../../app-name.ts'
import { defineCommand } from '../../framework/define-command.ts'
import { appFlags, jsonFlag } from '../../framework/shared-flags.ts'
import { groupOf } from '../../output/app-status.ts'
import { renderTable } from '../../output/table.ts'

/** One process group, with the keys of flyctl's JSON. */
interface GroupScale {
  readonly Process: string
  readonly Count: number
  readonly CPUKind: string
  readonly CPUs: number
  readonly Memory: number
  readonly Regions: Readonly<Record<string, number>>
}

export const command = defineCommand({
  flags: { ...appFlags, ...jsonFlag },
  args: {},
  run: async (ctx, { flags }) => {
    const app = await appNameOf(ctx, flags)
    const groups = scaleOf(await listMachines(await ctx.api(), app))
    if (ctx.isJson) return ctx.printJson(groups)
    if (groups.length === 0) return ctx.print(`App ${app} has no machines.`)
    ctx.print(
      renderTable<GroupScale>(
        [
          ['name', (group) => group.Process],
          ['count', (group) => group.Count],
          ['kind', (group) => group.CPUKind],
          ['cpus', (group) => group.CPUs],
          ['memory', (group) => `${group.Memory} MB`],
          [
            'regions',
            (group) =>
              Object.entries(group.Regions)
                .map(([region, count]) => (count === 1 ? region : `${region}(${count})`))
                .join(','),
          ],
        ],
        groups,
      ),
    )
  },
})

/** Machines by process group; those outside any group (`machine run`) are not scaled, so they are not shown. */
export function scaleOf(machines: readonly MachineJson[]): readonly GroupScale[] {
  return [...Map.groupBy(machines, groupOf)]
    .filter(([group]) => group !== '')
    .map(([group, members]) => {
      const guest = members[0]?.config?.['guest'] as
        | { readonly cpu_kind?: string; readonly cpus?: number; readonly memory_mb?: number }
        | null
        | undefined
      const regions = [...Map.groupBy(members, (machine) => machine.region)].map(([region, there]) => [region, there.length] as const)
      return {
        Process: group,
        Count: members.length,
        CPUKind: guest?.cpu_kind ?? 'shared',
        CPUs: guest?.cpus ?? 1,
        Memory: guest?.memory_mb ?? 256,
        Regions: Object.fromEntries(regions.toSorted(([a], [b]) => a.localeCompare(b))),
      }
    })
    .toSorted((a, b) => a.Process.localeCompare(b.Process))
}
