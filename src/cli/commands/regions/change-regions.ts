import type { RegionPool, RegionsReply, RegionsRequest } from '../../../protocol/kante-api.ts'
import { appNameOf } from '../../app-name.ts'
import type { CliContext } from '../../context.ts'
import { appFlags, jsonFlag, yesFlag } from '../../framework/shared-flags.ts'
import { renderTable } from '../../output/table.ts'
import { printMoves, scaleTimeoutMs, scalingPath } from '../scale/print-moves.ts'

export const regionsFlags = { ...appFlags, ...jsonFlag, ...yesFlag } as const

/** Changes an app's region pool, and shows what moved and what the pool is then. Regions are given as words, with or without commas. */
export async function changeRegions(
  ctx: CliContext,
  flags: { readonly app: string | undefined; readonly config: string | undefined },
  action: RegionsRequest['action'],
  words: readonly string[],
): Promise<void> {
  const app = await appNameOf(ctx, flags)
  const regions = words.flatMap((word) => word.split(',')).filter((word) => word !== '')
  ctx.progress(`Changing the regions of ${app} …`)
  const reply = await (
    await ctx.api()
  ).request<RegionsReply>('POST', scalingPath(app, 'regions'), { body: { action, regions }, signal: ctx.signal, timeoutMs: scaleTimeoutMs })
  if (ctx.isJson) return ctx.printJson(reply)
  printMoves(ctx, reply)
  printPool(ctx, app, reply.pool)
}

export function printPool(ctx: CliContext, app: string, pool: RegionPool): void {
  ctx.print(
    renderTable<RegionPool['regions'][number]>(
      [
        ['region', (region) => region.code],
        ['name', (region) => region.name],
        ['machines', (region) => region.machines],
      ],
      pool.regions,
    ),
  )
  if (pool.backup.length > 0) ctx.print(`Backup regions: ${pool.backup.join(', ')}`)
  if (!pool.isSet) ctx.print(`${app} has no region pool of its own; \`kante regions add REGION\` makes one of these regions and that one.`)
}
