import type { Readable } from 'node:stream'
import type { Clock } from '../../kit/clock.ts'
import type { LogFile } from './log-file.ts'
import type { LogIds } from './log-id.ts'
import { lineSplitter } from './line-splitter.ts'
import { tokenBucket } from './token-bucket.ts'

/** Longest line that is kept in one piece. */
export const lineLimitBytes = 16 * 1024
/** Above these the lines are dropped and counted; the program is not slowed. */
const lineBudget = { perSecond: 2_000, burst: 20_000 }
const lineByteBudget = { perSecond: 1024 * 1024, burst: 4 * 1024 * 1024 }
/** Above this the pipe is not read, and the program waits in write(2): the keeper's processor time is its neighbours'. */
const readBudget = { perSecond: 32 * 1024 * 1024, burst: 32 * 1024 * 1024 }

/** Reads what a run prints and writes it to its log, whatever the run does. */
export interface RunOutput {
  /** Begins to read; `open` gives each chunk to the callback, which keeps none of it. */
  attach(open: (onChunk: (chunk: Buffer) => void) => Readable): void
  /** A line of the keeper's own in the run's log. */
  note(message: string): void
  /** After the run's end: reads what is left in the pipes, for `timeoutMs` at most, and flushes. */
  finish(timeoutMs: number): Promise<void>
}

export function openRunOutput(deps: { readonly clock: Clock; readonly file: LogFile; readonly ids: LogIds }, format: 'ndjson' | 'raw'): RunOutput {
  const { clock, file, ids } = deps
  const lines = tokenBucket(lineBudget)
  const lineBytes = tokenBucket(lineByteBudget)
  const reads = tokenBucket(readBudget)
  const streams = new Set<Readable>()
  let whenEnded: (() => void) | undefined
  let isPaused = false
  let isFinishing = false
  let isDropping = false
  let dropped = 0

  const write = (level: 'info' | 'warn', message: string) =>
    file.write(format === 'raw' ? `${message}\n` : `${JSON.stringify({ id: ids.next(), level, message })}\n`)
  const emit = (line: string) => {
    if (!write('info', line)) pause((resume) => file.onceDrained(resume))
  }
  /** Dropping goes on until a good part of the budget is back, so that a flood yields few notes and not one between every two lines. */
  const accepts = (sizeBytes: number) => {
    const nowMs = clock.monotonic()
    if (isDropping && (lines.waitMs(lineBudget.perSecond, nowMs) > 0 || lineBytes.waitMs(lineByteBudget.perSecond / 2, nowMs) > 0)) return false
    if (isDropping) reportDropped()
    isDropping = lines.waitMs(1, nowMs) > 0 || !lineBytes.take(sizeBytes, nowMs)
    if (!isDropping) lines.overdraw(1, nowMs)
    return !isDropping
  }
  const reportDropped = () => {
    if (dropped > 0 && format === 'ndjson') write('warn', `${dropped} lines dropped: the program prints more than is kept`)
    dropped = 0
  }
  const pause = (until: (resume: () => void) => void) => {
    if (isPaused || isFinishing) return
    isPaused = true
    for (const stream of streams) stream.pause()
    until(() => {
      isPaused = false
      for (const stream of streams) stream.resume()
    })
  }
  const end = () => {
    if (streams.size === 0) whenEnded?.()
  }
  return {
    attach(open) {
      const splitter = lineSplitter(lineLimitBytes)
      const stream = open((chunk) => {
        const nowMs = clock.monotonic()
        reads.overdraw(chunk.length, nowMs)
        // Not `dropped += push(…)`: push may report and clear what was counted before.
        const refused = splitter.push(chunk, accepts, emit)
        dropped += refused
        const waitMs = reads.waitMs(0, nowMs)
        if (waitMs > 0) pause((resume) => clock.timer(waitMs, resume))
      })
      streams.add(stream)
      // A pipe that fails has nothing more to say; its close follows.
      stream.on('error', () => streams.delete(stream))
      stream.on('close', () => {
        splitter.end(emit)
        streams.delete(stream)
        end()
      })
    },
    note(message) {
      write('info', message)
    },
    async finish(timeoutMs) {
      isFinishing = true
      await new Promise<void>((resolve) => {
        whenEnded = resolve
        clock.timer(timeoutMs, resolve)
        for (const stream of streams) stream.resume()
        end()
      })
      for (const stream of streams) stream.destroy()
      reportDropped()
      await file.close()
    },
  }
}
