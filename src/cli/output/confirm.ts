import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { fault } from '../../model/fault/fault.ts'
import type { CliContext } from '../context.ts'
import { Interrupted } from './report-error.ts'

/** Only destroying asks. Without a terminal nothing asks: there `--yes` must have been typed. Throws needs_confirmation, or Interrupted on Ctrl-C. */
export async function confirmDestroying(ctx: CliContext, isYes: boolean, what: string): Promise<void> {
  if (isYes) return
  if (ctx.isInteractive && !ctx.isJson && (await asksAndHearsYes(ctx, `${what}. Go on? [y/N] `))) return
  throw fault('needs_confirmation', { what })
}

async function asksAndHearsYes(ctx: CliContext, question: string): Promise<boolean> {
  const output = new Writable({
    write: (part: Buffer, _encoding, done) => {
      ctx.stderr.write(part.toString())
      done()
    },
  })
  const asking = createInterface({ input: ctx.stdin, output, terminal: true })
  try {
    // A closed terminal (Ctrl-D) is no answer, and no answer is a no.
    const closed = new Promise<string>((resolve) => asking.once('close', () => resolve('')))
    const answer = await Promise.race([asking.question(question, { signal: ctx.signal }), closed])
    return /^y(es)?$/i.test(answer.trim())
  } catch (error) {
    // In raw mode the terminal sends no SIGINT: readline sees the key and says so by an AbortError.
    if (error instanceof Error && error.name === 'AbortError') {
      ctx.stderr.write('\n')
      throw new Interrupted('interrupted', { cause: error })
    }
    throw error
  } finally {
    asking.close()
  }
}
