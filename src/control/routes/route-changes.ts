import type { App } from '../../model/app.ts'
import type { HostRecord } from '../../model/host.ts'
import type { AppName, HostId, MachineId } from '../../model/ids.ts'
import type { DesiredMachine, ObservedMachine } from '../../model/machine/machine-record.ts'
import type { RouteApp, RouteHost, RouteMachine, RouteMessage } from '../../protocol/route-feed.ts'
import { keys, prefixes } from '../../store/keys.ts'
import type { Mirror } from '../../store/mirror.ts'
import { routeApp, routeHost, routeMachine } from './derive-routes.ts'

type Snapshot = Extract<RouteMessage, { type: 'snapshot' }>
type Delta = Extract<RouteMessage, { type: 'delta' }>

/** The routes as they follow from the mirror, and what became different since one asked last. */
export interface RouteChanges {
  snapshot(): Snapshot
  /** Marks what a changed key may touch. */
  touch(key: string): void
  /** What is different for edges now; undefined when nothing is: most of what hosts publish is no news for routing. */
  take(): Delta | undefined
}

/** What edges know of one kind of thing: each with the text it was told as, so that an unchanged one is recognised. */
interface Known<Id, Value> {
  readonly told: Map<Id, { readonly value: Value; readonly text: string }>
  readonly touched: Set<Id>
}
const known = <Id, Value>(): Known<Id, Value> => ({ told: new Map(), touched: new Set() })

export function followRoutes(mirror: Mirror): RouteChanges {
  const apps = known<AppName, RouteApp>()
  const hosts = known<HostId, RouteHost>()
  const machines = known<MachineId, RouteMachine>()
  /** The app of a machine that was touched: its keys are found by both. */
  const appOf = new Map<MachineId, AppName>()

  const deriveApp = (name: AppName) => {
    const app = mirror.json<App>(keys.app(name))
    return app && routeApp(app)
  }
  const deriveHost = (id: HostId) => {
    const host = mirror.json<HostRecord>(keys.host(id))
    return host && routeHost(host)
  }
  const deriveMachine = (id: MachineId) => {
    const app = appOf.get(id)
    if (app === undefined) return undefined
    return routeMachine(mirror.json<DesiredMachine>(keys.machine(app, id)), mirror.json<ObservedMachine>(keys.observed(app, id)))
  }
  function touch(key: string): void {
    const [kind, first = '', second = ''] = key.split('/')
    if (kind === 'app') apps.touched.add(first as AppName)
    else if (kind === 'host') hosts.touched.add(first as HostId)
    else if (kind === 'machine' || kind === 'machine-state') {
      appOf.set(second as MachineId, first as AppName)
      machines.touched.add(second as MachineId)
    }
  }
  function take(): Delta | undefined {
    const app = differences(apps, deriveApp)
    const host = differences(hosts, deriveHost)
    const machine = differences(machines, deriveMachine)
    for (const id of machine.gone) appOf.delete(id)
    if ([app, host, machine].every(({ changed, gone }) => changed.length + gone.length === 0)) return undefined
    return {
      type: 'delta',
      revision: mirror.revision,
      apps: app.changed,
      machines: machine.changed,
      hosts: host.changed,
      goneApps: app.gone,
      goneMachines: machine.gone,
      goneHosts: host.gone,
    }
  }
  const values = <Value>(of: Known<unknown, Value>) => Array.from(of.told.values(), ({ value }) => value)

  for (const prefix of [prefixes.apps, prefixes.hosts, prefixes.machines, prefixes.observed]) {
    for (const entry of mirror.list(prefix)) touch(entry.key)
  }
  take()
  return {
    touch,
    take,
    snapshot: () => ({ type: 'snapshot', revision: mirror.revision, apps: values(apps), machines: values(machines), hosts: values(hosts) }),
  }
}

function differences<Id, Value>(of: Known<Id, Value>, derive: (id: Id) => Value | undefined): { changed: Value[]; gone: Id[] } {
  const changed: Value[] = []
  const gone: Id[] = []
  for (const id of of.touched) {
    const value = derive(id)
    if (value === undefined) {
      if (of.told.delete(id)) gone.push(id)
      continue
    }
    const text = JSON.stringify(value)
    if (of.told.get(id)?.text === text) continue
    of.told.set(id, { value, text })
    changed.push(value)
  }
  of.touched.clear()
  return { changed, gone }
}
