import { closeSync, fstatSync, writeSync } from 'node:fs'

/** What a daemon tells its starter on descriptor 3, in one line of JSON. */
export type ReadyLine =
  | { readonly ready: true; readonly pid: number }
  | { readonly error: { readonly status: string; readonly error: string; readonly hint?: string } }

/** Writes the line where a starter left a pipe on descriptor 3; a daemon started by systemd or by hand has none. */
export function writeReadyLine(line: ReadyLine, descriptor = 3): void {
  if (!isPipe(descriptor)) return
  try {
    writeSync(descriptor, `${JSON.stringify(line)}\n`)
  } catch (error) {
    // The starter has gone: it no longer waits for the answer.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error
  }
  closeSync(descriptor)
}

function isPipe(descriptor: number): boolean {
  try {
    const found = fstatSync(descriptor)
    return found.isFIFO() || found.isSocket()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EBADF') return false
    throw error
  }
}
