import { open } from 'node:fs/promises'
import { StringDecoder } from 'node:string_decoder'
import { fault } from '../../model/fault/fault.ts'
import type { CliContext } from '../context.ts'
import { Interrupted } from '../output/report-error.ts'
import { findDaemon } from './daemon.ts'
import { humanLogLine } from './human-log-line.ts'
import { stopPlatform } from './stop-platform.ts'

const pollMs = 250

/** `up` without --detach: shows the daemon's log until Ctrl-C, which takes the platform down, or until the daemon ends. */
export async function stayInForeground(ctx: CliContext): Promise<number> {
  ctx.progress('\nCtrl-C takes it down.')
  try {
    await followLog(ctx)
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
    ctx.progress('')
    await stopPlatform(ctx)
    ctx.progress('The platform is down; its data stays.')
    return 0
  }
  throw fault('daemon_failed', { reason: 'it ended', log: ctx.paths.daemonLog })
}

/** Prints what the daemon logs from now on; returns when it has gone. */
async function followLog(ctx: CliContext): Promise<void> {
  const file = await open(ctx.paths.daemonLog, 'r')
  try {
    let position = (await file.stat()).size
    const decoder = new StringDecoder('utf8')
    const buffer = Buffer.alloc(65_536)
    let rest = ''
    for (;;) {
      // The daemon empties its log when it has grown too long.
      position = Math.min(position, (await file.stat()).size)
      const { bytesRead } = await file.read(buffer, 0, buffer.length, position)
      position += bytesRead
      const lines = (rest + decoder.write(buffer.subarray(0, bytesRead))).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) ctx.print(ctx.isJson ? line : humanLogLine(line))
      if (bytesRead === buffer.length) continue
      if ((await findDaemon(ctx.paths)) === undefined) return
      await ctx.clock.sleep(pollMs, ctx.signal)
    }
  } finally {
    await file.close()
  }
}
