import { createInterface } from 'node:readline/promises'
import { fault } from '../../model/fault/fault.ts'
import type { CliContext } from '../context.ts'

/** Only destroying asks. Without a terminal nothing asks: there `--yes` must have been typed. Throws needs_confirmation. */
export async function confirmDestroying(ctx: CliContext, isYes: boolean, what: string): Promise<void> {
  if (isYes) return
  if (ctx.isInteractive && !ctx.isJson) {
    const asking = createInterface({ input: ctx.stdin, output: process.stderr })
    try {
      const answer = await asking.question(`${what}. Go on? [y/N] `, { signal: ctx.signal })
      if (/^y(es)?$/i.test(answer.trim())) return
    } finally {
      asking.close()
    }
  }
  throw fault('needs_confirmation', { what })
}
