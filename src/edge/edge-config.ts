import { fault } from '../model/fault/fault.ts'
import { parseEdgeId, parseHostId, parseRegionCode, type EdgeId, type HostId } from '../model/ids.ts'
import type { Region } from '../model/region/region.ts'

/** Where clients arrive: a listening socket inherited as a file descriptor (its owner never closes it), or an address to listen on. */
export type EdgeListener = { readonly externalPort: number } & ({ readonly fd: number } | { readonly address: string; readonly port: number })
export interface EdgeTimeouts {
  /** How long a request is held for a wake or for a free place before it gets 503. */
  readonly holdMs: number
  /** A running machine between soft and hard limit takes the request over when another one's wake lasts longer than this. */
  readonly softWakeMs: number
  /** A running machine that refuses connections is asked again for so long. */
  readonly refusedMs: number
  /** A machine that refused is avoided for so long, doubled at each refusal in a row up to 16 times. */
  readonly penaltyMs: number
  /** When a machine is to be taken down: how long requests in flight there may take to end before its host is told `busy`. */
  readonly drainGraceMs: number
  /** At the end: how long open connections may last before they are cut (Fly.io: 10 minutes, platform-semantics §1.3). */
  readonly drainMs: number
  /** A feed or session that is silent for so long is opened anew; the other side beats every 2 s. */
  readonly silenceMs: number
}
export interface EdgeLimits {
  /** Held requests per app. */
  readonly waitersPerApp: number
}
/** The file of `kanted --role edge --config FILE`: JSON. */
export interface EdgeConfig {
  readonly id: EdgeId
  /** The host that this edge stands beside: gets the log lines of requests that reached no machine. */
  readonly host: HostId
  readonly region: Region
  /** `unix:/path` of that host. */
  readonly hostAddress: string
  /** `unix:/path` of control. */
  readonly controlAddress: string
  /** Apps answer at `<app>.<domain>`. */
  readonly domain: string
  readonly listeners: readonly EdgeListener[]
  /** Where the last known routes are kept. */
  readonly stateDir: string
  /** Unix socket of `GET /v1/edge/status`; none when absent. */
  readonly statusSocket?: string
  readonly timeouts: EdgeTimeouts
  readonly limits: EdgeLimits
}

export const defaultTimeouts: EdgeTimeouts = {
  holdMs: 30_000,
  softWakeMs: 2_000,
  refusedMs: 5_000,
  penaltyMs: 100,
  drainGraceMs: 1_000,
  drainMs: 600_000,
  silenceMs: 7_000,
}
export const defaultLimits: EdgeLimits = { waitersPerApp: 1_000 }

const maxConfigBytes = 1 << 20
type Json = Readonly<Record<string, unknown>>

/** Reads the config's JSON. Hand-written, so that an edge starts without a schema library. Faults: invalid_value, naming the field. */
export function parseEdgeConfig(text: string): EdgeConfig {
  if (text.length > maxConfigBytes) throw bad('edge config', `${text.length} bytes`, `at most ${maxConfigBytes} bytes`)
  const json = object('edge config', parseJson(text))
  const region = object('region', json['region'])
  return {
    id: parseEdgeId(string('id', json['id'])),
    host: parseHostId(string('host', json['host'])),
    region: {
      code: parseRegionCode(string('region.code', region['code'])),
      name: string('region.name', region['name']),
      latitude: number('region.latitude', region['latitude'], -90, 90),
      longitude: number('region.longitude', region['longitude'], -180, 180),
    },
    hostAddress: unixAddress('hostAddress', json['hostAddress']),
    controlAddress: unixAddress('controlAddress', json['controlAddress']),
    domain: json['domain'] === undefined ? 'localhost' : string('domain', json['domain']).toLowerCase(),
    listeners: array('listeners', json['listeners']).map(listener),
    stateDir: string('stateDir', json['stateDir']),
    ...(json['statusSocket'] === undefined ? {} : { statusSocket: string('statusSocket', json['statusSocket']) }),
    timeouts: numbers('timeouts', json['timeouts'], defaultTimeouts),
    limits: numbers('limits', json['limits'], defaultLimits),
  }
}

function listener(value: unknown, index: number): EdgeListener {
  const field = `listeners[${index}]`
  const json = object(field, value)
  const externalPort = integer(`${field}.externalPort`, json['externalPort'], 1, 65_535)
  return json['fd'] === undefined
    ? {
        externalPort,
        address: string(`${field}.address`, json['address']),
        port: integer(`${field}.port`, json['port'], 0, 65_535),
      }
    : { externalPort, fd: integer(`${field}.fd`, json['fd'], 3, 1_000_000) }
}

function numbers<Shape extends object>(field: string, value: unknown, defaults: Shape): Shape {
  const given = value === undefined ? {} : object(field, value)
  const unknown = Object.keys(given).find((key) => !(key in defaults))
  if (unknown !== undefined) throw bad(`${field}.${unknown}`, 'an unknown key', `one of ${Object.keys(defaults).join(', ')}`)
  return Object.fromEntries(
    Object.entries(defaults).map(([key, fallback]) => [
      key,
      given[key] === undefined ? (fallback as number) : integer(`${field}.${key}`, given[key], 0, 86_400_000),
    ]),
  ) as Shape
}

const bad = (field: string, found: unknown, rule: string) => fault('invalid_value', { field, found: String(found), rule })
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw fault('invalid_value', { field: 'edge config', found: text.slice(0, 40), rule: 'JSON' }, error)
  }
}
function object(field: string, value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(field, JSON.stringify(value), 'an object')
  return value as Json
}
function array(field: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw bad(field, JSON.stringify(value), 'a list')
  return value
}
function string(field: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw bad(field, JSON.stringify(value), 'a text')
  return value
}
function unixAddress(field: string, value: unknown): string {
  const text = string(field, value)
  if (!text.startsWith('unix:/')) throw bad(field, text, 'unix: and an absolute path')
  return text
}
function number(field: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number' || !(value >= min && value <= max)) throw bad(field, JSON.stringify(value), `a number from ${min} to ${max}`)
  return value
}
function integer(field: string, value: unknown, min: number, max: number): number {
  if (!Number.isInteger(value)) throw bad(field, JSON.stringify(value), 'an integer')
  return number(field, value, min, max)
}
