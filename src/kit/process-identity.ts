import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** A pid alone may belong to another program by now; with its start time it names one process. */
export interface ProcessIdentity {
  readonly pid: number
  /** Opaque: clock ticks since boot on Linux, a date elsewhere. */
  readonly startTime: string
}

/** Undefined when no such process lives (a zombie does not). */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  if (process.platform !== 'linux') return identityByPs(pid)
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
  // The second field is the program's name in parentheses and may hold anything (proc(5)); the 22nd is the start time, the third the state.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : { pid, startTime: fields[19] ?? '' }
}

export function isSameProcess(recorded: ProcessIdentity): boolean {
  return processIdentity(recorded.pid)?.startTime === recorded.startTime
}

/**
 * A killed process counts as dead when its first thread is gone, but the others may still be ending and hold its sockets (a thread that waits for a
 * disk is not ended before the disk answers). Linux; elsewhere never.
 */
export function isEnding(recorded: ProcessIdentity): boolean {
  if (process.platform !== 'linux' || isSameProcess(recorded)) return false
  try {
    const stat = readFileSync(`/proc/${recorded.pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] === recorded.startTime && readdirSync(`/proc/${recorded.pid}/task`).length > 1
  } catch (error) {
    if (isGone(error)) return false
    throw error
  }
}

/** What a file says, or undefined when it says nothing of the kind: it may be cut off, or somebody else's. */
export function parseProcessIdentity(text: string | undefined): ProcessIdentity | undefined {
  if (text === undefined || text.length > 4096) return undefined
  try {
    const found = JSON.parse(text) as Partial<ProcessIdentity> | null
    const { pid, startTime } = found ?? {}
    return Number.isInteger(pid) && (pid as number) > 1 && typeof startTime === 'string' ? { pid: pid as number, startTime } : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function identityByPs(pid: number): ProcessIdentity | undefined {
  try {
    const startTime = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    return startTime === '' ? undefined : { pid, startTime }
  } catch (error) {
    // ps exits with 1 when there is no such process.
    if (typeof error === 'object' && error !== null && 'status' in error && error.status === 1) return undefined
    throw error
  }
}
const isGone = (error: unknown) => error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')
