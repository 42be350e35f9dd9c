import type { ResizeReply, VmChange } from '../../../protocol/kante-api.ts'
import { appNameOf } from '../../app-name.ts'
import type { CliContext } from '../../context.ts'
import { text } from '../../framework/flag.ts'
import { appFlags, jsonFlag } from '../../framework/shared-flags.ts'
import { renderFields } from '../../output/table.ts'
import { scaleTimeoutMs, scalingPath } from './print-moves.ts'

export const resizeFlags = {
  ...appFlags,
  ...jsonFlag,
  'process-group': text({ short: 'g', help: 'The process group to scale (default app)' }),
} as const

/** Gives the machines of a group another size, and says which. */
export async function resize(
  ctx: CliContext,
  flags: { readonly app: string | undefined; readonly config: string | undefined; readonly 'process-group': string | undefined },
  vm: VmChange,
): Promise<void> {
  const app = await appNameOf(ctx, flags)
  const group = flags['process-group'] ?? 'app'
  ctx.progress(`Updating the machines of ${group} of ${app}, one after the other …`)
  const reply = await (
    await ctx.api()
  ).request<ResizeReply>('POST', scalingPath(app, 'resize'), { body: { group, vm }, signal: ctx.signal, timeoutMs: scaleTimeoutMs })
  if (ctx.isJson) return ctx.printJson(reply)
  for (const machine of reply.machines) ctx.print(`  updated ${machine.id} in ${machine.region}`)
  if (reply.machines.length === 0) ctx.print(`  all machines of ${group} have that size already`)
  const { cpu_kind, cpus, memory_mb } = reply.guest
  ctx.print(
    renderFields([
      ['CPU', `${cpus} ${cpu_kind}`],
      ['Memory', `${memory_mb} MB`],
    ]),
  )
}
