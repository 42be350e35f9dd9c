import type { Autoscale, AutoscaleReply, AutoscaleRequest } from '../../../protocol/kante-api.ts'
import { appNameOf } from '../../app-name.ts'
import type { CliContext } from '../../context.ts'
import { rest } from '../../framework/argument.ts'
import { text } from '../../framework/flag.ts'
import { appFlags, jsonFlag } from '../../framework/shared-flags.ts'
import { UsageError } from '../../framework/usage-error.ts'
import { renderTable } from '../../output/table.ts'
import { printMoves, scaleTimeoutMs, scalingPath } from '../scale/print-moves.ts'

export const autoscaleFlags = { ...appFlags, ...jsonFlag, 'process-group': text({ short: 'g', help: 'The process group (default app)' }) } as const
export const boundsArgs = { bounds: rest('min=number and max=number', { label: 'min=N max=N' }) } as const
interface AutoscaleFlagValues {
  readonly app: string | undefined
  readonly config: string | undefined
  readonly 'process-group': string | undefined
}

/** `min=1 max=10`, in any order, each once; what is not there stays as it is. */
export function parseBounds(words: readonly string[]): Pick<AutoscaleRequest, 'min' | 'max'> {
  const bounds: { min?: number; max?: number } = {}
  for (const word of words) {
    const match = /^(min|max)=(\d{1,4})$/.exec(word)
    if (match === null) throw new UsageError(`autoscale: found "${word}", allowed are min=number and max=number, as in min=1 max=10`)
    const name = match[1] === 'min' ? 'min' : 'max'
    if (bounds[name] !== undefined) throw new UsageError(`autoscale: ${name} is given twice`)
    bounds[name] = Number(match[2])
    if (bounds[name] < 1) throw new UsageError(`autoscale: found "${word}"; one machine has to exist`, 'autostop stops it while nobody needs it')
  }
  return bounds
}

export async function setAutoscale(
  ctx: CliContext,
  flags: AutoscaleFlagValues,
  words: readonly string[],
  mode?: AutoscaleRequest['mode'],
): Promise<void> {
  const bounds = parseBounds(words)
  if (mode === undefined && words.length === 0) throw new UsageError('autoscale set: what? name min=number, max=number or both')
  const app = await appNameOf(ctx, flags)
  const body = { group: flags['process-group'] ?? 'app', ...(mode === undefined ? {} : { mode }), ...bounds }
  const reply = await (
    await ctx.api()
  ).request<AutoscaleReply>('PUT', scalingPath(app, 'autoscale'), { body, signal: ctx.signal, timeoutMs: scaleTimeoutMs })
  if (ctx.isJson) return ctx.printJson(reply)
  printMoves(ctx, reply)
  printAutoscale(ctx, app, reply)
}

export function printAutoscale(ctx: CliContext, app: string, { policies }: Autoscale): void {
  if (policies.length === 0) return ctx.print(`${app} is not autoscaled.`)
  ctx.print(
    renderTable<Autoscale['policies'][number]>(
      [
        ['process', (policy) => policy.group],
        ['scale mode', (policy) => policy.mode],
        ['min count', (policy) => policy.min],
        ['max count', (policy) => policy.max],
        ['machines', (policy) => policy.machines],
      ],
      policies,
    ),
  )
}
