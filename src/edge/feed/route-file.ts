import { readIfThere, writeDurably } from '../../kit/durable-file.ts'
import type { RouteMessage } from '../../protocol/route-feed.ts'
import { parseRouteMessage } from './route-message.ts'
import { applyRoutes, emptyRoutes, type RouteTable } from './route-table.ts'

const schema = 1
const machinesPerLine = 500
const pause = () => new Promise<void>((resolve) => setImmediate(resolve))

/**
 * The routes as the feed would send them: a snapshot of apps and hosts, deltas of some machines each, and a last line that says how many machines there are.
 * Written in pieces, so that no request waits for 10,000 machines to become JSON.
 */
export async function writeRoutes(path: string, table: RouteTable, heardAt: number): Promise<void> {
  const { revision } = table
  const lines = [JSON.stringify({ type: 'snapshot', revision: 0, apps: [...table.apps.values()], hosts: [...table.hosts.values()], machines: [] })]
  const machines = [...table.machines.values()]
  for (let from = 0; from < machines.length; from += machinesPerLine) {
    lines.push(JSON.stringify({ type: 'delta', revision: lines.length, machines: machines.slice(from, from + machinesPerLine) }))
    await pause()
  }
  lines.push(JSON.stringify({ type: 'end', schema, revision, heardAt, machines: machines.length }), '')
  await writeDurably(path, lines.join('\n'), { mode: 0o600 })
}

/** What `writeRoutes` wrote. Undefined where there is nothing, or nothing that this version can read: the feed will tell. */
export async function readRoutes(path: string): Promise<{ readonly table: RouteTable; readonly heardAt: number } | undefined> {
  const lines = (await readIfThere(path))?.split('\n').filter((line) => line !== '')
  const last = lines?.pop()
  if (lines === undefined || last === undefined) return undefined
  const end = JSON.parse(last) as { type?: unknown; schema?: unknown; revision?: unknown; heardAt?: unknown; machines?: unknown }
  if (end.type !== 'end' || end.schema !== schema) return undefined
  const table = emptyRoutes()
  for (const line of lines) applyRoutes(table, parseRouteMessage(line) satisfies RouteMessage)
  table.revision = Number(end.revision)
  return table.machines.size === end.machines ? { table, heardAt: Number(end.heardAt) } : undefined
}
