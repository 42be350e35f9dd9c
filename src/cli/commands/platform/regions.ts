import { defineCommand } from '../../framework/define-command.ts'
import { jsonFlag } from '../../framework/shared-flags.ts'
import { renderTable } from '../../output/table.ts'

interface RegionRow {
  readonly code: string
  readonly name: string
  readonly latitude: number
  readonly longitude: number
  readonly capacity?: number
}

export const command = defineCommand({
  description: 'Lists the regions of the platform: those where machines can be.',
  flags: jsonFlag,
  args: {},
  run: async (ctx) => {
    const { Regions } = await (await ctx.api()).request<{ readonly Regions: readonly RegionRow[] }>('GET', '/v1/platform/regions')
    if (ctx.isJson) return ctx.printJson(Regions)
    ctx.print(
      renderTable<RegionRow>(
        [
          ['name', (region) => region.name],
          ['code', (region) => region.code],
          ['latitude', (region) => region.latitude],
          ['longitude', (region) => region.longitude],
        ],
        Regions,
      ),
    )
  },
})
