import { copyFileSync, fstatSync, ftruncateSync, statSync, writeSync } from 'node:fs'

/** What the output needs of the system; for tests. */
export interface LogFileSystem {
  write(text: string): void
  sizeBytes(): number
  /** Keeps what is there beside the file and empties the file. */
  rotate(): void
}

/**
 * A process's own log on a file that it was given as a descriptor. A full disk loses lines, counted, and never ends the process; beyond `limitBytes` the file
 * is copied to `….1` and emptied, because whoever opened it (the starter, by O_APPEND) is gone and nobody else could.
 */
export function logWriter(file: LogFileSystem, limitBytes: number): (line: string) => void {
  let lost = 0
  let size = file.sizeBytes()
  const attempt = (action: () => void): boolean => {
    try {
      action()
      return true
    } catch (error) {
      if (!isDiskTrouble(error)) throw error
      return false
    }
  }
  return (line) => {
    if (size > limitBytes && attempt(() => file.rotate())) size = 0
    const text = lost === 0 ? line : `{"level":"warn","message":"${lost} lines of this log were lost: the disk did not take them"}\n${line}`
    if (!attempt(() => file.write(text))) {
      lost++
      return
    }
    lost = 0
    size += text.length
  }
}

const isDiskTrouble = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EFBIG', 'ENOENT', 'EACCES'].includes(String(error.code))

/** How this process writes its log on a standard stream: on a file as `logWriter` does, elsewhere (terminal, pipe, journal) as Node does. */
export function openLogOutput(
  stream: NodeJS.WriteStream & { readonly fd: number },
  /** `path`: where the file lies if it is ours to rotate; a file of somebody else's choice only grows. */
  options: { readonly path: string; readonly limitBytes: number } | undefined,
): (line: string) => void {
  // A reader that went away is no reason to end: what matters is in files.
  stream.on('error', () => undefined)
  const opened = fstatSync(stream.fd)
  if (!opened.isFile()) return (line) => void stream.write(line)
  const path = options !== undefined && statSync(options.path, { throwIfNoEntry: false })?.ino === opened.ino ? options.path : undefined
  const system: LogFileSystem = {
    write: (text) => {
      for (let bytes = Buffer.from(text), at = 0; at < bytes.length;) at += writeSync(stream.fd, bytes, at)
    },
    sizeBytes: () => fstatSync(stream.fd).size,
    rotate: () => {
      if (path !== undefined) copyFileSync(path, `${path}.1`)
      ftruncateSync(stream.fd, 0)
    },
  }
  return logWriter(system, path === undefined ? Infinity : (options?.limitBytes ?? Infinity))
}
