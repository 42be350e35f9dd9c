import { isFault } from '../../model/fault/fault.ts'
import { mayRetry } from '../../protocol/fault-mapping.ts'
import type { LogLine } from '../../protocol/log-line.ts'
import { appNameOf } from '../app-name.ts'
import type { CliContext } from '../context.ts'
import { defineCommand } from '../framework/define-command.ts'
import { text, toggle } from '../framework/flag.ts'
import { appFlags, jsonFlag, regionFlag } from '../framework/shared-flags.ts'
import { renderLogLine } from '../output/log-line.ts'
import { Interrupted } from '../output/report-error.ts'
import { styleFor } from '../output/style.ts'

/** Before a tail, as flyctl shows; and when only what is there is asked for. */
const linesBefore = { tail: 100, noTail: 1000 } as const
const reconnectMs = 1000

export const command = defineCommand({
  description: `Shows what an app's machines print, with lines of their hosts and edges about them.
It goes on until Ctrl-C, also across a restart of the platform; with --no-tail it prints the newest lines and ends. --json prints one object a line.`,
  flags: {
    ...appFlags,
    ...jsonFlag,
    ...regionFlag,
    machine: text({ short: 'm', help: 'Filter by machine ID' }),
    'no-tail': toggle({ short: 'n', help: 'Do not continually stream logs' }),
  },
  args: {},
  examples: ['kante logs', 'kante logs -a my-edge-app --no-tail --json'],
  run: async (ctx, { flags }) => {
    const app = await appNameOf(ctx, flags)
    const style = styleFor(ctx.stdout, ctx.env)
    try {
      for await (const line of readLines(ctx, app, { machine: flags.machine, region: flags.region }, !flags['no-tail'])) {
        ctx.print(ctx.isJson ? JSON.stringify(line) : renderLogLine(line, style))
      }
    } catch (error) {
      // Ctrl-C is how a tail ends.
      if (!(error instanceof Interrupted)) throw error
    }
  },
})

async function* readLines(
  ctx: CliContext,
  app: string,
  filter: { readonly machine: string | undefined; readonly region: string | undefined },
  isTail: boolean,
): AsyncGenerator<LogLine> {
  const api = await ctx.api()
  const path = `/v1/kante/apps/${encodeURIComponent(app)}/logs`
  let after: string | undefined
  let isConnected = false
  for (;;) {
    try {
      const query = { ...filter, after, limit: isTail ? linesBefore.tail : linesBefore.noTail, ...(isTail ? { follow: 1 } : {}) }
      for await (const line of api.stream<LogLine>('GET', path, { query, signal: ctx.signal })) {
        isConnected = true
        after = line.id
        yield line
      }
      if (!isTail) return
    } catch (error) {
      // The first connection must succeed; later ones are tried until the platform is back.
      if (!isConnected || !isTail || !isFault(error) || !mayRetry(error.kind)) throw error
      ctx.progress(`${error.message}; trying again`)
    }
    await ctx.clock.sleep(reconnectMs, ctx.signal)
  }
}
