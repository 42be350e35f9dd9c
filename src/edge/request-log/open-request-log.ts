import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { RequestLogEntry } from '../transport/proxy-contract.ts'
import { BlockWriter } from './block-writer.ts'
import { LogFile } from './log-file.ts'
import { openRequestLines } from './request-line.ts'

export interface RequestLog extends AsyncDisposable {
  /** On the request path: never waits, never throws. */
  add(entry: RequestLogEntry): void
  /** Lines lost so far that the log has not told of yet. */
  readonly lost: number
}
const blockBytes = 256 * 1024
const everyMs = 100
const limitBytes = 32 * 1024 * 1024

/** The edge's request log: lines of JSON in a file of its own, written in blocks, at most two times 32 MB. Disposing writes what is left. */
export function openRequestLog(deps: { readonly clock: Clock; readonly log: Log }, path: string, edge: string): RequestLog {
  const lineOf = openRequestLines(edge)
  const file = new LogFile(path, limitBytes)
  const writer = new BlockWriter(
    {
      clock: deps.clock,
      write: (block) => file.write(block),
      lostLine: (count) =>
        `${JSON.stringify({ time: new Date(deps.clock.now()).toISOString(), edge, level: 'warn', message: `${count} request lines were lost` })}\n`,
      onError: (error) => deps.log.warn('the request log cannot be written; lines are lost', { error, path }),
    },
    { blockBytes, everyMs },
  )
  return {
    add: (entry) => writer.add(lineOf(entry)),
    get lost() {
      return writer.lost
    },
    async [Symbol.asyncDispose]() {
      await writer[Symbol.asyncDispose]()
      await file[Symbol.asyncDispose]()
    },
  }
}
