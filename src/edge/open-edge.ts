import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Clock } from '../kit/clock.ts'
import { ensureFolder } from '../kit/durable-file.ts'
import type { Log } from '../kit/log.ts'
import type { HostId, MachineId } from '../model/ids.ts'
import { EdgeBrain } from './admission/brain.ts'
import type { EdgeConfig } from './edge-config.ts'
import type { EdgeStatus } from './edge-status.ts'
import { RouteFeed } from './feed/route-feed.ts'
import type { RouteChange } from './feed/route-table.ts'
import { UnixHttp } from './feed/unix-http.ts'
import { ErrorLines } from './load/error-lines.ts'
import { LoadReports } from './load/load-reports.ts'
import { openRequestLog } from './request-log/open-request-log.ts'
import { rankRegions } from './routing/region-order.ts'
import { RouteIndex, type AppEntry } from './routing/route-index.ts'
import { HostSessions } from './session/host-sessions.ts'
import { MachineViews } from './session/machine-views.ts'
import { openStatusServer } from './status-server.ts'
import { openProxyServer } from './transport/proxy-server.ts'
import { openRequestIds } from './transport/request-ids.ts'
import { wakeCall } from './wake/wake-call.ts'
import { Wakes } from './wake/wakes.ts'

export interface EdgeDeps {
  readonly clock: Clock
  /** 0 up to, not including, 1 */
  readonly random: () => number
  readonly log: Log
}
export interface Edge extends AsyncDisposable {
  status(): EdgeStatus
  /** Where it listens, in the order of the config's listeners. */
  readonly addresses: readonly { readonly address: string; readonly port: number; readonly externalPort: number }[]
  /** Stops accepting, lets what is open finish for at most `timeouts.drainMs`, then closes. */
  drain(): Promise<void>
}

/** How long a start waits for the hosts' sessions before it serves by its saved routes alone; clients wait in the listening sockets' queues. */
const settleMs = 300

/** Opens an edge: loads the last known routes, follows control and hosts, serves. Needs neither of them to be there. */
export async function openEdge(deps: EdgeDeps, config: EdgeConfig): Promise<Edge> {
  const { clock, random, log } = deps
  const startedMs = clock.monotonic()
  await using opening = new AsyncDisposableStack()
  await ensureFolder(config.stateDir)

  const http = opening.use(new UnixHttp())
  const index = new RouteIndex(config.domain, rankRegions(config.region, []))
  const views = new MachineViews((id) => refresh(id))
  const feed = opening.use(
    new RouteFeed({ clock, random, log, onChange: (change) => take(change) }, { ...config, silenceMs: config.timeouts.silenceMs }),
  )
  const sessions = opening.use(
    new HostSessions({ clock, random, log, http, views, useOf: (id) => index.useOf(id) }, { edge: config.id, ...config.timeouts }),
  )
  const addressOf = (host: HostId) => sessions.addressOf(host) ?? (host === config.host ? config.hostAddress : undefined)
  const errors = opening.use(
    new ErrorLines({
      clock,
      send: async (host, lines) => {
        const address = addressOf(host)
        if (address !== undefined) await http.post(address, '/v1/edge/log', { edge: config.id, lines }, { timeoutMs: 2_000 })
      },
    }),
  )
  const hostOf = (machine: MachineId | undefined) => (machine === undefined ? undefined : feed.table.machines.get(machine)?.host) ?? config.host
  const wakes: Wakes = opening.use(
    new Wakes({
      clock,
      log,
      call: wakeCall(config.id, http, addressOf),
      step: () => views.step,
      onWoken: (place, reply, askedAt) => {
        brain.woken(place)
        views.woken(place.host, place.machine, reply, askedAt)
        const app = index.apps.get(place.app)
        if (app !== undefined) brain.changed(app)
      },
      onFailed: (place, failure) => {
        log.info('a machine did not wake', { app: place.app, machine: place.machine, ...failure })
        brain.wakeFailed(place, failure)
      },
    }),
  )
  const brain = new EdgeBrain(
    {
      clock,
      random,
      index,
      wakes,
      onIdle: (machine) => sessions.idle(machine),
    },
    config,
  )

  /** A machine's view has changed: it takes its new place, and who waits for its app looks again. */
  function refresh(id: MachineId): void {
    const route = feed.table.machines.get(id)
    const view = views.get(id)
    if (route === undefined || view === undefined) return
    index.setMachine(route, view)
    const app = index.apps.get(route.app)
    if (app !== undefined) brain.changed(app)
  }
  function take(change: RouteChange): void {
    for (const host of change.hosts) sessions.open(host)
    if (change.hosts.length > 0)
      index.setRegions(
        rankRegions(
          config.region,
          [...feed.table.hosts.values()].map((host) => host.region),
        ),
      )
    const newApps = new Set(change.apps.map((app) => app.name).filter((name) => !index.apps.has(name)))
    for (const app of change.apps) index.setApp(app)
    // A machine may be heard of before its app.
    if (newApps.size > 0) for (const machine of feed.table.machines.values()) if (newApps.has(machine.app)) refresh(machine.id)
    const touched = new Set<AppEntry>()
    for (const machine of change.machines) {
      const isChanged = index.setMachine(machine, views.route(machine.host, machine.id, machine))
      const app = index.apps.get(machine.app)
      if (isChanged && app !== undefined) touched.add(app)
    }
    for (const id of change.goneMachines) {
      const app = index.apps.get(index.routeOf(id)?.app ?? ('' as AppEntry['name']))
      if (app !== undefined) touched.add(app)
      index.dropMachine(id)
      views.forget(id)
    }
    for (const name of change.goneApps) {
      const app = index.apps.get(name)
      index.dropApp(name)
      if (app !== undefined) brain.gone(app)
      if (app !== undefined) touched.delete(app)
    }
    for (const app of touched) brain.changed(app)
    for (const id of change.goneHosts) sessions.close(id)
  }

  await feed.load()
  await sessions.settled(settleMs)
  feed.follow()
  opening.use(
    new LoadReports(
      {
        clock,
        index,
        routesRevision: () => feed.table.revision,
        send: async (report) => {
          const result = await http.post(config.controlAddress, '/v1/load', report, { timeoutMs: 2_000 })
          return result.kind === 'answer' && result.status < 300
        },
      },
      { edge: config.id, region: config.region.code },
    ),
  )
  const requests = opening.use(openRequestLog({ clock, log }, join(config.stateDir, 'requests.log'), config.id))
  const proxy = await openProxyServer(
    {
      brain,
      clock,
      log,
      requestIds: openRequestIds(clock, randomBytes, config.region.code),
      onRequestLog: (entry) => requests.add(entry),
      onProxyError: ({ app, machine, code, message, requestId }) =>
        errors.add(hostOf(machine), { app, machine: machine ?? '', level: 'error', message: `[${code}] ${message} (request ${requestId})` }),
    },
    {
      region: config.region.code,
      listeners: config.listeners.map((listener) => ({
        externalPort: listener.externalPort,
        listen: 'fd' in listener ? { fd: listener.fd } : { host: listener.address, port: listener.port },
      })),
    },
  )
  opening.use(proxy)
  const status = (): EdgeStatus => ({
    id: config.id,
    region: config.region.code,
    pid: process.pid,
    uptimeMs: Math.round(clock.monotonic() - startedMs),
    routes: { ...feed.state, apps: index.apps.size, machines: index.machineCount },
    inFlight: brain.inFlight,
    requests: brain.requests,
    waiters: brain.waiters(),
    wakes: wakes.count,
    sessions: sessions.state,
  })
  if (config.statusSocket !== undefined) opening.use(await openStatusServer(config.statusSocket, status))

  const opened = opening.move()
  log.info('serving', { listeners: proxy.addresses, routes: feed.state })
  return {
    status,
    addresses: proxy.addresses.map(({ address, port }, at) => ({ address, port, externalPort: config.listeners[at]?.externalPort ?? port })),
    drain: () => proxy.drain(config.timeouts.drainMs),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}
