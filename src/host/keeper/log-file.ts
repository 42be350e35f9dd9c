import { close, fstat, open, rename, write } from 'node:fs'

/** 2 × 8 MB a machine. */
export const defaultLogFileBytes = 8 * 1024 * 1024
const highWaterBytes = 512 * 1024

/** A file of lines that moves to `FILE.1` when it is full. Writing never blocks and never throws: a full disk loses lines, not machines. */
export interface LogFile {
  /** False when so much waits for the disk that the caller should pause, or drop. */
  write(line: string): boolean
  /** Calls once when there is room again. */
  onceDrained(callback: () => void): void
  /** Resolves when all that was written has been handed to the operating system, or was lost. */
  flush(): Promise<void>
  /** Flushes and closes. */
  close(): Promise<void>
}

export function openLogFile(options: {
  readonly file: string
  readonly maxBytes?: number
  /** Told of the first error of a series. */
  readonly onError: (error: Error) => void
}): LogFile {
  const maxBytes = options.maxBytes ?? defaultLogFileBytes
  let waiting: string[] = []
  let waitingBytes = 0
  let fd: number | undefined
  let size = 0
  let isBusy = false
  let isFailing = false
  let whenDrained: (() => void)[] = []
  let whenIdle: (() => void)[] = []

  const settle = (error: Error | null) => {
    if (error === null) {
      isFailing = false
    } else if (!isFailing) {
      isFailing = true
      options.onError(error)
    }
    isBusy = false
    next()
  }
  const next = () => {
    if (isBusy) return
    if (waitingBytes < highWaterBytes / 2 && whenDrained.length > 0) {
      const callbacks = whenDrained
      whenDrained = []
      for (const callback of callbacks) callback()
      if (isBusy) return
    }
    if (waiting.length === 0) {
      const callbacks = whenIdle
      whenIdle = []
      for (const callback of callbacks) callback()
      return
    }
    isBusy = true
    if (fd === undefined) return openFile()
    if (size >= maxBytes) return rotate(fd)
    const bytes = Buffer.from(takeUpTo(maxBytes - size).join(''))
    writeAll(fd, bytes, 0)
  }
  /** At least one line; a file is never more than that beyond its cap. */
  const takeUpTo = (roomBytes: number) => {
    let count = 0
    let taken = 0
    while (count < waiting.length && taken < roomBytes) taken += waiting[count++]?.length ?? 0
    waitingBytes -= taken
    return waiting.splice(0, count)
  }
  const openFile = () =>
    open(options.file, 'a', 0o600, (error, opened) => {
      if (error) return lose(error)
      fstat(opened, (_error, stats) => {
        fd = opened
        size = stats?.size ?? 0
        settle(null)
      })
    })
  const rotate = (full: number) =>
    close(full, () => {
      fd = undefined
      size = 0
      rename(options.file, `${options.file}.1`, (error) => (error === null || error.code === 'ENOENT' ? settle(null) : lose(error)))
    })
  const writeAll = (to: number, bytes: Buffer, from: number): void =>
    write(to, bytes, from, bytes.length - from, null, (error, written) => {
      size += written ?? 0
      if (error) return settle(error)
      if (from + written < bytes.length) return writeAll(to, bytes, from + written)
      settle(null)
    })
  const lose = (error: Error) => {
    waiting = []
    waitingBytes = 0
    settle(error)
  }
  const flush = () =>
    new Promise<void>((resolve) => {
      whenIdle.push(resolve)
      next()
    })
  return {
    write(line) {
      waiting.push(line)
      waitingBytes += line.length
      if (!isBusy) next()
      return waitingBytes < highWaterBytes
    },
    onceDrained(callback) {
      whenDrained.push(callback)
      next()
    },
    flush,
    async close() {
      await flush()
      const open = fd
      fd = undefined
      if (open !== undefined) await new Promise<void>((resolve) => close(open, () => resolve()))
    },
  }
}
