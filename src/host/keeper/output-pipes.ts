import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, constants, openSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { KeeperError } from './keeper-protocol.ts'

/** One pipe for a program's output and errors, so that their order is kept. */
export interface OutputPipe {
  /** Begins to read. Chunks lie in a buffer that all pipes share: they are to be used up within the callback. */
  read(onChunk: (chunk: Buffer) => void): Readable
  /** For the child's descriptors 1 and 2; closed by `started` once it has them, or the pipe would never end. */
  readonly writeFd: number
  started(): void
  /** When no child was started: nothing will be read. */
  discard(): void
}
/** Node itself gives children socket pairs, and a socket cannot be opened again: `echo x > /dev/stderr` fails with ENXIO, which programs do not expect. */
export interface OutputPipes extends Disposable {
  /** A pipe that was made ahead of time, as a rule. */
  take(): Promise<OutputPipe>
}

const ready = { least: 4, most: 8 }
interface Ends {
  readonly readFd: number
  readonly writeFd: number
}

/** Node has no pipe(2): named ones are made in `dir` by mkfifo(1), opened at both ends, and unlinked. */
export function openOutputPipes(dir: string): OutputPipes {
  const pool: Ends[] = []
  let filling: Promise<void> | undefined
  let waiting = 0
  const fill = async () => {
    const paths = Array.from({ length: waiting + ready.most - pool.length }, () => join(dir, `pipe-${randomBytes(6).toString('hex')}`))
    try {
      await promisify(execFile)('mkfifo', ['-m', '600', ...paths], { env: { PATH: '/usr/bin:/bin' } })
      for (const path of paths) pool.push(openEnds(path))
    } catch (error) {
      throw new KeeperError('spawn_failed', `there is no pipe for its output: ${error instanceof Error ? error.message : String(error)}`, error)
    } finally {
      for (const path of paths) rmSync(path, { force: true })
      filling = undefined
    }
  }
  return {
    async take() {
      waiting++
      try {
        while (pool.length === 0) await (filling ??= fill())
      } finally {
        waiting--
      }
      const { readFd, writeFd } = pool.shift() as Ends
      // A failure comes out when somebody waits for it.
      if (pool.length < ready.least) (filling ??= fill()).catch(() => undefined)
      return {
        writeFd,
        read: (onChunk) => openReader(readFd, onChunk),
        started: () => closeSync(writeFd),
        discard: () => closeSync(readFd),
      }
    },
    [Symbol.dispose]() {
      for (const { readFd, writeFd } of pool.splice(0)) for (const fd of [readFd, writeFd]) closeSync(fd)
    },
  }
}

/** One buffer for all: a flood would else leave 64 KB of garbage with every read. */
const buffer = Buffer.alloc(64 * 1024)
function openReader(fd: number, onChunk: (chunk: Buffer) => void): Readable {
  const callback = (size: number) => {
    onChunk(buffer.subarray(0, size))
    return true
  }
  return new Socket({ fd, readable: true, writable: false, onread: { buffer, callback } })
}

function openEnds(path: string): Ends {
  // Only so does opening not wait for a writer; the writer's end must block, as programs expect it.
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  return { readFd, writeFd: openSync(path, constants.O_WRONLY) }
}
