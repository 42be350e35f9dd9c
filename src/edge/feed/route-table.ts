import type { AppName, HostId, MachineId } from '../../model/ids.ts'
import type { RouteApp, RouteHost, RouteMachine, RouteMessage } from '../../protocol/route-feed.ts'

/** The newest routes that the edge has heard of. */
export interface RouteTable {
  revision: number
  readonly apps: Map<AppName, RouteApp>
  readonly machines: Map<MachineId, RouteMachine>
  readonly hosts: Map<HostId, RouteHost>
}
/** What one message changed, in the order in which it is applied: hosts, apps and machines that are there, then those that are gone. */
export interface RouteChange {
  readonly hosts: readonly RouteHost[]
  readonly apps: readonly RouteApp[]
  readonly machines: readonly RouteMachine[]
  readonly goneMachines: readonly MachineId[]
  readonly goneApps: readonly AppName[]
  readonly goneHosts: readonly HostId[]
}

export const emptyRoutes = (): RouteTable => ({ revision: 0, apps: new Map(), machines: new Map(), hosts: new Map() })

/**
 * Applies a message. A snapshot is the truth, also when its revision is lower (control was restored from a backup); a delta that is not newer than the
 * table is a repetition. Undefined when nothing changes.
 */
export function applyRoutes(table: RouteTable, message: RouteMessage): RouteChange | undefined {
  if (message.type === 'snapshot') {
    const { revision, hosts, apps, machines } = message
    return put(table, revision, {
      hosts,
      apps,
      machines,
      goneMachines: missing(table.machines, new Set(machines.map((machine) => machine.id))),
      goneApps: missing(table.apps, new Set(apps.map((app) => app.name))),
      goneHosts: missing(table.hosts, new Set(hosts.map((host) => host.id))),
    })
  }
  if (message.type === 'beat') {
    table.revision = Math.max(table.revision, message.revision)
    return undefined
  }
  if (message.revision <= table.revision) return undefined
  const { hosts = [], apps = [], machines = [], goneMachines = [], goneApps = [], goneHosts = [] } = message
  return put(table, message.revision, { hosts, apps, machines, goneMachines, goneApps, goneHosts })
}

function put(table: RouteTable, revision: number, change: RouteChange): RouteChange {
  table.revision = revision
  for (const host of change.hosts) table.hosts.set(host.id, host)
  for (const app of change.apps) table.apps.set(app.name, app)
  for (const machine of change.machines) table.machines.set(machine.id, machine)
  for (const id of change.goneMachines) table.machines.delete(id)
  for (const name of change.goneApps) table.apps.delete(name)
  for (const id of change.goneHosts) table.hosts.delete(id)
  return change
}
const missing = <Key>(have: ReadonlyMap<Key, unknown>, keep: ReadonlySet<Key>): readonly Key[] => [...have.keys()].filter((key) => !keep.has(key))
