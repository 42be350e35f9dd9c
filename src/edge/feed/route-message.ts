import { fault } from '../../model/fault/fault.ts'
import { parseAppName, parseHostId, parseMachineId, parseOrgSlug, parseRegionCode } from '../../model/ids.ts'
import type { MachineEndpoint } from '../../model/machine/machine-record.ts'
import { machineStates, type MachineState } from '../../model/machine/machine-state.ts'
import type { ServicePort } from '../../model/service/service.ts'
import type { RouteApp, RouteHost, RouteMachine, RouteMessage, RouteService } from '../../protocol/route-feed.ts'

/** A line of the route feed, from control or from the edge's own file. Faults: invalid_value, naming the field; an entry that is wrong fails the whole line. */
export function parseRouteMessage(line: string): RouteMessage {
  const json = object('message', JSON.parse(line))
  const revision = integer('revision', json['revision'])
  switch (json['type']) {
    case 'beat':
      return { type: 'beat', revision }
    case 'snapshot':
      return {
        type: 'snapshot',
        revision,
        apps: list('apps', json['apps']).map(app),
        machines: list('machines', json['machines']).map(machine),
        hosts: list('hosts', json['hosts']).map(host),
      }
    case 'delta':
      return {
        type: 'delta',
        revision,
        apps: list('apps', json['apps'] ?? []).map(app),
        machines: list('machines', json['machines'] ?? []).map(machine),
        hosts: list('hosts', json['hosts'] ?? []).map(host),
        goneApps: list('goneApps', json['goneApps'] ?? []).map((name) => parseAppName(text('goneApps', name))),
        goneMachines: list('goneMachines', json['goneMachines'] ?? []).map((id) => parseMachineId(text('goneMachines', id))),
        goneHosts: list('goneHosts', json['goneHosts'] ?? []).map((id) => parseHostId(text('goneHosts', id))),
      }
    default:
      // A newer control may say more than this edge knows: what it does not know changes nothing.
      return { type: 'beat', revision }
  }
}

function app(value: unknown): RouteApp {
  const json = object('apps', value)
  const primary = json['primaryRegion']
  return {
    name: parseAppName(text('apps.name', json['name'])),
    org: parseOrgSlug(text('apps.org', json['org'])),
    hostnames: list('apps.hostnames', json['hostnames'] ?? []).map((name) => text('apps.hostnames', name)),
    ...(primary === undefined || primary === null ? {} : { primaryRegion: parseRegionCode(text('apps.primaryRegion', primary)) }),
  }
}

function host(value: unknown): RouteHost {
  const json = object('hosts', value)
  const region = object('hosts.region', json['region'])
  return {
    id: parseHostId(text('hosts.id', json['id'])),
    region: {
      code: parseRegionCode(text('hosts.region.code', region['code'])),
      name: text('hosts.region.name', region['name']),
      latitude: number('hosts.region.latitude', region['latitude']),
      longitude: number('hosts.region.longitude', region['longitude']),
    },
    address: text('hosts.address', json['address']),
  }
}

function machine(value: unknown): RouteMachine {
  const json = object('machines', value)
  return {
    id: parseMachineId(text('machines.id', json['id'])),
    app: parseAppName(text('machines.app', json['app'])),
    region: parseRegionCode(text('machines.region', json['region'])),
    host: parseHostId(text('machines.host', json['host'])),
    seq: integer('machines.seq', json['seq']),
    state: machineState(json['state']),
    draining: json['draining'] === true,
    cordoned: json['cordoned'] === true,
    endpoint: endpoint(json['endpoint']),
    services: list('machines.services', json['services']).map(service),
  }
}

function service(value: unknown): RouteService {
  const json = object('services', value)
  const concurrency = object('services.concurrency', json['concurrency'])
  const { autostop, health } = json
  return {
    protocol: json['protocol'] === 'udp' ? 'udp' : 'tcp',
    internalPort: integer('services.internalPort', json['internalPort']),
    ports: list('services.ports', json['ports']).map(port),
    concurrency: {
      type: concurrency['type'] === 'requests' ? 'requests' : 'connections',
      softLimit: limit('services.concurrency.softLimit', concurrency['softLimit']),
      hardLimit: limit('services.concurrency.hardLimit', concurrency['hardLimit']),
    },
    autostart: json['autostart'] === true,
    autostop: autostop === 'stop' || autostop === 'suspend' ? autostop : 'off',
    minMachinesRunning: json['minMachinesRunning'] === undefined ? 0 : integer('services.minMachinesRunning', json['minMachinesRunning']),
    health: health === 'passing' || health === 'critical' ? health : 'unknown',
  }
}
function port(value: unknown): ServicePort {
  const json = object('services.ports', value)
  return {
    from: integer('services.ports.from', json['from']),
    to: integer('services.ports.to', json['to']),
    handlers: list('services.ports.handlers', json['handlers'] ?? []).map((name) => text('services.ports.handlers', name)),
    forceHttps: json['forceHttps'] === true,
  }
}

export function endpoint(value: unknown): MachineEndpoint {
  const json = object('endpoint', value)
  const address = json['address']
  if (typeof address !== 'string') throw bad('endpoint.address', address, 'a text')
  if (json['portMap'] === undefined) return { address }
  const map = Object.entries(object('endpoint.portMap', json['portMap']))
  return { address, portMap: Object.fromEntries(map.map(([inside, outside]) => [inside, integer('endpoint.portMap', outside)])) }
}
export function machineState(value: unknown): MachineState {
  const known = machineStates.find((state) => state === value)
  if (known === undefined) throw bad('state', value, machineStates.join(', '))
  return known
}

const bad = (field: string, found: unknown, rule: string) => fault('invalid_value', { field: `route feed: ${field}`, found, rule })
export function object(field: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(field, value, 'an object')
  return value as Readonly<Record<string, unknown>>
}
function list(field: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw bad(field, value, 'a list')
  return value
}
export function text(field: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw bad(field, value, 'a text')
  return value
}
function number(field: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw bad(field, value, 'a number')
  return value
}
export function integer(field: string, value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw bad(field, value, 'a non-negative integer')
  return value as number
}
/** JSON has no infinity: an absent limit arrives as null. */
const limit = (field: string, value: unknown): number => (value === null || value === undefined ? Infinity : number(field, value))
