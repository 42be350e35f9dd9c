import type { CliContext } from '../../context.ts'

interface Placed {
  readonly id: string
  readonly region: string
}
/** One line per machine that was made or ended; true when there was any. */
export function printMoves(
  ctx: CliContext,
  { created, destroyed }: { readonly created: readonly Placed[]; readonly destroyed: readonly Placed[] },
): boolean {
  for (const machine of created) ctx.print(`  created ${machine.id} in ${machine.region}`)
  for (const machine of destroyed) ctx.print(`  destroyed ${machine.id} in ${machine.region}`)
  return created.length + destroyed.length > 0
}

/** Drains, starts and checks of many machines; control goes on if the client gives up. */
export const scaleTimeoutMs = 900_000
export const scalingPath = (app: string, what: 'scale' | 'resize' | 'regions' | 'autoscale'): string =>
  `/v1/kante/apps/${encodeURIComponent(app)}/${what}`
