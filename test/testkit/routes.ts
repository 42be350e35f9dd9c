import { parseAppName, parseHostId, parseMachineId, parseOrgSlug, parseRegionCode } from '../../src/model/ids.ts'
import type { MachineState } from '../../src/model/machine/machine-state.ts'
import type { Region } from '../../src/model/region/region.ts'
import type { RouteApp, RouteHost, RouteMachine, RouteService } from '../../src/protocol/route-feed.ts'

export const regions = {
  fra: { code: parseRegionCode('fra'), name: 'Frankfurt', latitude: 50.1, longitude: 8.7 },
  cdg: { code: parseRegionCode('cdg'), name: 'Paris', latitude: 49, longitude: 2.5 },
  iad: { code: parseRegionCode('iad'), name: 'Ashburn', latitude: 39, longitude: -77.5 },
} satisfies Record<string, Region>
export type TestRegion = keyof typeof regions

export const machineId = (number: number) => parseMachineId(number.toString(16).padStart(14, '0'))

export function routeService(given: Partial<RouteService> & { readonly soft?: number; readonly hard?: number } = {}): RouteService {
  const { soft = 20, hard = Infinity, ...rest } = given
  return {
    protocol: 'tcp',
    internalPort: 8080,
    ports: [
      { from: 80, to: 80, handlers: ['http'], forceHttps: false },
      { from: 443, to: 443, handlers: ['http', 'tls'], forceHttps: false },
    ],
    concurrency: { type: 'requests', softLimit: soft, hardLimit: hard },
    autostart: true,
    autostop: 'stop',
    minMachinesRunning: 0,
    health: 'passing',
    ...rest,
  }
}
export function routeMachine(
  number: number,
  given: Partial<Omit<RouteMachine, 'id' | 'region' | 'app'>> & {
    readonly region?: TestRegion
    readonly app?: string
    readonly state?: MachineState
  } = {},
): RouteMachine {
  const { region = 'fra', app = 'hello', ...rest } = given
  return {
    id: machineId(number),
    app: parseAppName(app),
    region: parseRegionCode(region),
    host: parseHostId(`host-${region}`),
    seq: 10,
    state: 'started',
    draining: false,
    cordoned: false,
    endpoint: { address: `127.1.0.${number}` },
    services: [routeService()],
    ...rest,
  }
}
export const routeApp = (name = 'hello', hostnames: readonly string[] = []): RouteApp => ({
  name: parseAppName(name),
  org: parseOrgSlug('personal'),
  hostnames,
})
export const routeHost = (region: TestRegion, address = `unix:/nowhere/${region}.sock`): RouteHost => ({
  id: parseHostId(`host-${region}`),
  region: regions[region],
  address,
})
