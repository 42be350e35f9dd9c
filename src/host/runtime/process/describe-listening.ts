import { readFile, readdir, readlink } from 'node:fs/promises'
import { endpointPort, type MachineEndpoint } from '../../../model/machine/machine-record.ts'
import { type ListeningEntry, parseListeningTable } from './listening-table.ts'

/** Says where a machine's processes listen, for the fault not_listening: "it listens on 127.0.0.1:3000". Linux; elsewhere it says that it cannot tell. */
export async function describeListening(pids: readonly number[], endpoint: MachineEndpoint, port: number): Promise<string> {
  const wanted = `${endpoint.address}:${endpointPort(endpoint, port)}`
  if (process.platform !== 'linux') return `nothing answers on ${wanted}`
  const inodes = new Set((await Promise.all(pids.map(socketsOf))).flat())
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8').catch(emptyWhenGone)))
  const own = tables.flatMap(parseListeningTable).filter((entry) => inodes.has(entry.inode))
  return describe(own, wanted)
}

export function describe(own: readonly ListeningEntry[], wanted: string): string {
  const places = [...new Set(own.map((entry) => `${entry.address.includes(':') ? `[${entry.address}]` : entry.address}:${entry.port}`))]
  if (places.includes(wanted)) return `it listens on ${wanted} but does not accept`
  return places.length === 0 ? 'it listens on no port' : `it listens on ${places.join(', ')}, not on ${wanted}`
}

async function socketsOf(pid: number): Promise<readonly string[]> {
  const folder = `/proc/${pid}/fd`
  const names = await readdir(folder).catch(() => [])
  const links = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(emptyWhenGone)))
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? [])
}

const emptyWhenGone = (error: NodeJS.ErrnoException) => {
  if (['ENOENT', 'ESRCH', 'EACCES'].includes(error.code ?? '')) return ''
  throw error
}
