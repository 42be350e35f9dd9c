import { isRoutable, type MachineView } from '../../model/drain/edge-drain.ts'
import type { AppName, MachineId } from '../../model/ids.ts'
import { endpointPort } from '../../model/machine/machine-record.ts'
import { isWakeable, type MachineState } from '../../model/machine/machine-state.ts'
import type { RouteApp, RouteMachine, RouteService } from '../../protocol/route-feed.ts'
import type { MachineUse, Place, PlaceKind } from './place.ts'
import { addPlace, newPool, removePlace, sortRegions, type Pool, type RegionRank } from './pool.ts'

export interface AppEntry {
  readonly name: AppName
  route: RouteApp
  /** By external port. */
  readonly pools: Map<number, Pool>
  /** Services over a range of ports, one pool for the whole range (platform-semantics §1.5). */
  readonly ranges: Map<string, { readonly from: number; readonly to: number; readonly pool: Pool }>
  readonly machines: Set<MachineId>
  /** Held requests. */
  waiters: number
  /** Requests since the last load report. */
  requests: number
}
interface MachineEntry {
  readonly use: MachineUse
  route: RouteMachine
  view: MachineView
  app: AppEntry | undefined
  readonly places: Map<number, Place>
  readonly memberships: { readonly pool: Pool; readonly place: Place }[]
}

/** Who answers a host name and a port. Changed by routes and views, read by every request: a lookup is two map reads. */
export class RouteIndex {
  readonly #domain: string
  readonly #byHostname = new Map<string, AppEntry>()
  readonly #apps = new Map<AppName, AppEntry>()
  readonly #machines = new Map<MachineId, MachineEntry>()
  /** Outlives the machine's routes while something is in flight: an edge must not say `drained` because it forgot. */
  readonly #uses = new Map<MachineId, MachineUse>()
  #rankOf: RegionRank
  constructor(domain: string, rankOf: RegionRank) {
    this.#domain = domain
    this.#rankOf = rankOf
  }

  get apps(): ReadonlyMap<AppName, AppEntry> {
    return this.#apps
  }
  get machineCount(): number {
    return this.#machines.size
  }

  lookup(hostname: string): AppEntry | undefined {
    return this.#byHostname.get(hostname) ?? this.#byHostname.get(hostname.toLowerCase().replace(/\.$/, ''))
  }
  poolOf(app: AppEntry, port: number): Pool | undefined {
    const exact = app.pools.get(port)
    if (exact !== undefined || app.ranges.size === 0) return exact
    for (const range of app.ranges.values()) if (port >= range.from && port <= range.to) return range.pool
    return undefined
  }
  useOf(id: MachineId): MachineUse | undefined {
    return this.#uses.get(id)
  }
  routeOf(id: MachineId): RouteMachine | undefined {
    return this.#machines.get(id)?.route
  }
  get uses(): Iterable<MachineUse> {
    return this.#uses.values()
  }
  /** Forgets the counters of machines that are gone and idle. */
  sweepUses(): void {
    for (const use of this.#uses.values())
      if (!this.#machines.has(use.machine) && use.inFlight + use.held + use.ended === 0) this.#uses.delete(use.machine)
  }

  setRegions(rankOf: RegionRank): void {
    this.#rankOf = rankOf
    for (const app of this.#apps.values()) for (const pool of poolsOf(app)) sortRegions(pool, rankOf)
  }

  setApp(route: RouteApp): void {
    const known = this.#apps.get(route.name)
    const entry: AppEntry = known ?? {
      name: route.name,
      route,
      pools: new Map(),
      ranges: new Map(),
      machines: new Set(),
      waiters: 0,
      requests: 0,
    }
    if (known !== undefined) this.#dropHostnames(known)
    entry.route = route
    this.#apps.set(route.name, entry)
    this.#byHostname.set(`${route.name}.${this.#domain}`, entry)
    // A host name of an app's own never takes over another app's built-in one.
    for (const hostname of route.hostnames) if (!this.#byHostname.has(hostname.toLowerCase())) this.#byHostname.set(hostname.toLowerCase(), entry)
  }
  dropApp(name: AppName): void {
    const entry = this.#apps.get(name)
    if (entry === undefined) return
    this.#dropHostnames(entry)
    this.#apps.delete(name)
  }
  #dropHostnames(entry: AppEntry): void {
    for (const hostname of [`${entry.name}.${this.#domain}`, ...entry.route.hostnames.map((name) => name.toLowerCase())])
      if (this.#byHostname.get(hostname) === entry) this.#byHostname.delete(hostname)
  }

  /** Puts a machine where route and view say; its counters stay. Call `setApp` first. False when all is as it was: a snapshot repeats most. */
  setMachine(route: RouteMachine, view: MachineView): boolean {
    const app = this.#apps.get(route.app)
    let entry = this.#machines.get(route.id)
    if (entry === undefined) {
      const use = this.#uses.get(route.id) ?? { machine: route.id, inFlight: 0, held: 0, webSockets: 0, ended: 0, watch: 'none' }
      this.#uses.set(route.id, use)
      entry = { use, route, view, app, places: new Map(), memberships: [] }
      this.#machines.set(route.id, entry)
    } else if (entry.view === view && entry.app === app && JSON.stringify(entry.route) === JSON.stringify(route)) return false
    this.#leavePools(entry)
    entry.route = route
    entry.view = view
    entry.app = app
    if (app === undefined) return true
    app.machines.add(route.id)
    for (const service of route.services) {
      if (service.protocol !== 'tcp') continue
      const place = placeOf(entry, service, view)
      for (const port of service.ports)
        for (const pool of poolsFor(app, port.from, port.to)) {
          if (pool.places.has(route.id)) continue
          addPlace(pool, place, this.#rankOf)
          entry.memberships.push({ pool, place })
        }
    }
    return true
  }
  dropMachine(id: MachineId): void {
    const entry = this.#machines.get(id)
    if (entry === undefined) return
    this.#leavePools(entry)
    for (const place of entry.places.values()) place.kind = 'out'
    this.#machines.delete(id)
  }
  #leavePools(entry: MachineEntry): void {
    for (const { pool, place } of entry.memberships) removePlace(pool, place)
    entry.memberships.length = 0
    const app = entry.app
    if (app === undefined) return
    app.machines.delete(entry.route.id)
    for (const [port, pool] of app.pools) if (pool.places.size === 0) app.pools.delete(port)
    for (const [key, range] of app.ranges) if (range.pool.places.size === 0) app.ranges.delete(key)
  }
}

export const poolsOf = (app: AppEntry): readonly Pool[] => [...app.pools.values(), ...[...app.ranges.values()].map((range) => range.pool)]

function poolsFor(app: AppEntry, from: number, to: number): readonly Pool[] {
  if (from !== to) {
    const key = `${from}-${to}`
    const range = app.ranges.get(key) ?? { from, to, pool: newPool() }
    app.ranges.set(key, range)
    return [range.pool]
  }
  const pool = app.pools.get(from) ?? newPool()
  app.pools.set(from, pool)
  return [pool]
}

function placeOf(entry: MachineEntry, service: RouteService, view: MachineView): Place {
  const { route, use } = entry
  const known = entry.places.get(service.internalPort)
  const place: Place = known ?? {
    machine: route.id,
    internalPort: service.internalPort,
    use,
    app: route.app,
    region: route.region,
    host: route.host,
    kind: 'out',
    softLimit: 0,
    hardLimit: 0,
    concurrency: 'connections',
    autostart: false,
    autostop: 'off',
    address: '',
    port: 0,
    poolKey: '',
    wakeRank: 0,
    inFlight: 0,
    held: 0,
    suspectUntilMs: 0,
    refusals: 0,
    wakeBarredUntilMs: 0,
  }
  entry.places.set(service.internalPort, place)
  const poolKey = `${route.id}/${view.run}`
  if (place.poolKey !== poolKey) {
    place.poolKey = poolKey
    place.suspectUntilMs = 0
    place.refusals = 0
  }
  place.app = route.app
  place.region = route.region
  place.host = route.host
  place.kind = kindOf(route, service, view)
  place.softLimit = service.concurrency.softLimit
  place.hardLimit = service.concurrency.hardLimit
  place.concurrency = service.concurrency.type
  place.autostart = service.autostart
  place.autostop = service.autostop
  place.address = view.endpoint.address
  place.port = endpointPort(view.endpoint, service.internalPort)
  place.wakeRank = wakeRank(view)
  return place
}

function kindOf(route: RouteMachine, service: RouteService, view: MachineView): PlaceKind {
  if (route.cordoned) return 'out'
  if (isRoutable(view)) {
    // Its host has seen this run's port accept; `critical` from before this run says nothing of it.
    if (service.health === 'passing' || (view.isProven && (service.health === 'unknown' || route.seq < view.run))) return 'ready'
    return service.health === 'critical' ? 'critical' : 'unproven'
  }
  if (isWakeable(view.state)) return 'asleep'
  return isPassing(view.state) || view.state === 'started' ? 'arriving' : 'out'
}
/** States that lead back to `started`, or from which a wake does. */
const isPassing = (state: MachineState) =>
  state === 'starting' || state === 'restarting' || state === 'updating' || state === 'stopping' || state === 'suspending'

/** What is up soonest comes first. */
function wakeRank(view: MachineView): number {
  if (view.state === 'started') return 0
  if (view.state === 'starting' || view.state === 'restarting' || view.state === 'updating') return 1
  if (view.state === 'suspended') return 2
  if (view.state === 'stopped') return 3
  return view.state === 'created' ? 4 : 5
}
