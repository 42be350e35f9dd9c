import { readFile, readdir, readlink } from 'node:fs/promises'
import type { ProcessInfo } from '../../protocol/host-port.ts'
import { parseListeningTable } from '../runtime/process/listening-table.ts'

const pageBytes = 4096
/** USER_HZ of Linux on every architecture that Node runs on. */
const ticksPerSecond = 100

/** What `ps` shows of these processes, from /proc (proc(5)); where there is none, only their pids. Processes that end meanwhile are left out. */
export async function listProcesses(pids: readonly number[], nowMs: number): Promise<readonly ProcessInfo[]> {
  if (process.platform !== 'linux') return pids.map((pid) => ({ ...unknown, pid }))
  const sockets = await listeningSockets()
  const uptimeS = Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0])
  const found = await Promise.all(pids.map((pid) => describe(pid, sockets, uptimeS, nowMs).catch(goneAway)))
  return found.filter((info) => info !== undefined)
}

const unknown: ProcessInfo = { pid: 0, stime: 0, rtime: 0, command: '', directory: '', cpu: 0, rss: 0, listen_sockets: [] }

function goneAway(error: unknown): undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code !== 'ENOENT' && code !== 'ESRCH' && code !== 'EACCES') throw error
}

async function describe(pid: number, sockets: ReadonlyMap<string, string>, uptimeS: number, nowMs: number): Promise<ProcessInfo> {
  const [stat, command, directory] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/cmdline`, 'utf8'),
    readlink(`/proc/${pid}/cwd`),
  ])
  // The name in parentheses may hold anything: fields are counted from behind it. utime, stime, starttime and rss are fields 14, 15, 22 and 24.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  const runningS = Math.max(0.01, uptimeS - Number(fields[19]) / ticksPerSecond)
  return {
    pid,
    stime: Math.round(nowMs / 1000 - runningS),
    rtime: Math.round(runningS),
    command: command.split('\0').join(' ').trim(),
    directory,
    cpu: Math.round((ticks / ticksPerSecond / runningS) * 10_000) / 100,
    rss: Number(fields[21]) * pageBytes,
    listen_sockets: await socketsOf(pid, sockets),
  }
}

async function socketsOf(pid: number, sockets: ReadonlyMap<string, string>): Promise<ProcessInfo['listen_sockets']> {
  const descriptors = await readdir(`/proc/${pid}/fd`)
  const targets = await Promise.all(descriptors.map((descriptor) => readlink(`/proc/${pid}/fd/${descriptor}`).catch(goneAway)))
  const addresses = targets.flatMap((target) => {
    const inode = /^socket:\[(\d+)\]$/.exec(target ?? '')?.[1]
    const address = inode === undefined ? undefined : sockets.get(inode)
    return address === undefined ? [] : [address]
  })
  return [...new Set(addresses)].map((address) => ({ proto: 'tcp', address }))
}

/** Inode → address:port of all TCP sockets that listen. */
async function listeningSockets(): Promise<ReadonlyMap<string, string>> {
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8').catch(goneAway)))
  const entries = tables.flatMap((table) => parseListeningTable(table ?? ''))
  return new Map(entries.map(({ inode, address, port }) => [inode, `${address.includes(':') ? `[${address}]` : address}:${port}`]))
}
