import type { App } from '../../model/app.ts'
import type { HostRecord } from '../../model/host.ts'
import { routingState, type DesiredMachine, type ObservedMachine } from '../../model/machine/machine-record.ts'
import { servicesOf, type Service } from '../../model/service/service.ts'
import type { RouteApp, RouteHost, RouteMachine, RouteService } from '../../protocol/route-feed.ts'

export const routeApp = (app: App): RouteApp => ({
  name: app.name,
  org: app.org,
  hostnames: [],
  ...(app.primaryRegion === undefined ? {} : { primaryRegion: app.primaryRegion }),
})

export const routeHost = (host: HostRecord): RouteHost => ({ id: host.id, region: host.region, address: host.address })

/** What edges are told of a machine; undefined when they may not know it: it has no host's word yet, goes, or is gone. */
export function routeMachine(desired: DesiredMachine | undefined, observed: ObservedMachine | undefined): RouteMachine | undefined {
  if (desired === undefined || observed === undefined) return undefined
  if (desired.order === 'destroying' || observed.state === 'destroying' || observed.state === 'destroyed') return undefined
  return {
    id: observed.id,
    app: observed.app,
    region: observed.region,
    host: observed.host,
    seq: observed.seq,
    state: routingState(observed),
    draining: observed.draining,
    cordoned: observed.cordoned,
    endpoint: observed.endpoint,
    services: servicesOf(desired.config).map((service) => routeService(service, observed)),
  }
}

function routeService({ checks, ...service }: Service, observed: ObservedMachine): RouteService {
  const names = new Set(checks.map((check) => check.name))
  const results = observed.checks.filter((check) => names.has(check.name))
  if (results.some((check) => check.status === 'critical')) return { ...service, health: 'critical' }
  return { ...service, health: results.length < names.size ? 'unknown' : 'passing' }
}
