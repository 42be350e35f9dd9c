import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'

/** One process as the operating system lists it. */
export interface ProcessRow {
  readonly pid: number
  readonly parentPid: number
  readonly group: number
  /** 0 where the system does not say (macOS). */
  readonly session: number
  readonly isZombie: boolean
  readonly isStopped: boolean
  /** With the pid names a process until the next boot: clock ticks since boot on Linux (proc_pid_stat(5), field 22), a date elsewhere. */
  readonly startTime: string
  readonly cpuMs: number
}

const isLinux = process.platform === 'linux'
/** USER_HZ: 100 on every architecture that Node runs on. */
const msPerTick = 10

/** Undefined when there is no such process. */
export function readProcess(pid: number): ProcessRow | undefined {
  if (!isLinux) return listByPs(['-p', String(pid)])[0]
  const stat = readIfThere(`/proc/${pid}/stat`)
  return stat === undefined ? undefined : parseStat(pid, stat)
}

export function listProcesses(): readonly ProcessRow[] {
  if (!isLinux) return listByPs(['-ax'])
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name)
    if (!Number.isInteger(pid)) return []
    const row = readProcess(pid)
    return row === undefined ? [] : [row]
  })
}

/** Alive means: not only a zombie that nobody has waited for yet. */
export function isSameProcess(pid: number, startTime: string): boolean {
  if (pid <= 1) return false
  const row = readProcess(pid)
  return row !== undefined && !row.isZombie && row.startTime === startTime
}

/** Whether the process was started with `NAME=value`. False where that cannot be read: another user's process, macOS. */
export function wasStartedWith(pid: number, variable: string): boolean {
  const environment = isLinux ? readIfThere(`/proc/${pid}/environ`) : undefined
  return environment !== undefined && `\0${environment}`.includes(`\0${variable}\0`)
}

/** Names this boot of the operating system; pids and start times of another one mean nothing. */
export function bootId(): string {
  if (isLinux) return readIfThere('/proc/sys/kernel/random/boot_id')?.trim() ?? 'unknown'
  const answer = spawnSync('sysctl', ['-n', 'kern.bootsessionuuid'], { encoding: 'utf8' })
  return answer.status === 0 ? answer.stdout.trim() : 'unknown'
}

/** Sends a signal to a process, or to a group when negative; false when there is none. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    // EPERM: only zombies are left in the group (macOS).
    if (['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  }
}

/** The name in parentheses may hold spaces and parentheses itself: the fields begin after the last one, with field 3. */
export function parseStat(pid: number, stat: string): ProcessRow {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const field = (number: number) => Number(fields[number - 3])
  const state = fields[0]
  return {
    pid,
    parentPid: field(4),
    group: field(5),
    session: field(6),
    isZombie: state === 'Z' || state === 'X',
    isStopped: state === 'T',
    startTime: fields[22 - 3] ?? '',
    cpuMs: (field(14) + field(15)) * msPerTick,
  }
}

function listByPs(which: readonly string[]): readonly ProcessRow[] {
  const answer = spawnSync('ps', [...which, '-o', 'pid=,ppid=,pgid=,stat=,time=,lstart='], {
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
    env: { PATH: '/bin:/usr/bin', LC_ALL: 'C' },
  })
  return (answer.stdout ?? '').split('\n').flatMap((line) => {
    const row = parsePsLine(line)
    return row === undefined ? [] : [row]
  })
}

export function parsePsLine(line: string): ProcessRow | undefined {
  const [pid, parentPid, group, state, time, ...start] = line.trim().split(/\s+/)
  if (pid === undefined || state === undefined || time === undefined || start.length === 0) return undefined
  const cpuMs = time.split(/[:-]/).reduce((sum, part) => sum * 60 + Number(part), 0) * 1000
  const isZombie = state.startsWith('Z')
  const isStopped = state.startsWith('T')
  return { pid: Number(pid), parentPid: Number(parentPid), group: Number(group), session: 0, isZombie, isStopped, startTime: start.join(' '), cpuMs }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
