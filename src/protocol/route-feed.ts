import type { AppName, HostId, MachineId, OrgSlug, RegionCode } from '../model/ids.ts'
import type { Region } from '../model/region/region.ts'
import type { MachineEndpoint } from '../model/machine/machine-record.ts'
import type { MachineState } from '../model/machine/machine-state.ts'
import type { Service } from '../model/service/service.ts'

/**
 * What an edge knows. NDJSON: `GET /v1/routes?from=REVISION` on control's socket answers a snapshot (or, if it can, only what came since), then deltas
 * for as long as the connection lasts, with a `beat` every 2 s. An edge keeps the last state on disk and serves from it when the feed is gone.
 */
export interface RouteApp {
  readonly name: AppName
  readonly org: OrgSlug
  /** Host names beside `<app>.<domain>`, lower case. */
  readonly hostnames: readonly string[]
  readonly primaryRegion?: RegionCode
}
export interface RouteService extends Omit<Service, 'checks'> {
  /** critical only when a check of this service fails; unknown before the first result. A service without checks is passing. */
  readonly health: 'passing' | 'critical' | 'unknown'
}
export interface RouteMachine {
  readonly id: MachineId
  readonly app: AppName
  readonly region: RegionCode
  readonly host: HostId
  readonly seq: number
  readonly state: MachineState
  readonly draining: boolean
  readonly cordoned: boolean
  readonly endpoint: MachineEndpoint
  readonly services: readonly RouteService[]
}
export interface RouteHost {
  readonly id: HostId
  readonly region: Region
  /** `unix:/path`: where wakes and sessions go. */
  readonly address: string
}
export type RouteMessage =
  | {
      readonly type: 'snapshot'
      readonly revision: number
      readonly apps: readonly RouteApp[]
      readonly machines: readonly RouteMachine[]
      readonly hosts: readonly RouteHost[]
    }
  | {
      readonly type: 'delta'
      readonly revision: number
      readonly apps?: readonly RouteApp[]
      readonly machines?: readonly RouteMachine[]
      readonly hosts?: readonly RouteHost[]
      readonly goneApps?: readonly AppName[]
      readonly goneMachines?: readonly MachineId[]
      readonly goneHosts?: readonly HostId[]
    }
  | { readonly type: 'beat'; readonly revision: number }

/** Once a second, `POST /v1/load` on control's socket: what an edge sees of each machine with traffic since its last report, or still in use. */
export interface LoadReport {
  readonly edge: string
  readonly region: RegionCode
  readonly at: number
  /** The revision of the routes that it goes by. */
  readonly routes?: number
  readonly machines: readonly MachineLoad[]
  /** Per app: requests that this edge got, for placing by demand. */
  readonly apps: readonly { readonly app: AppName; readonly requests: number; readonly held: number }[]
}
export interface MachineLoad {
  readonly id: MachineId
  /** Requests in flight, upgraded connections included. */
  readonly inFlight: number
  readonly webSockets: number
  /** Requests ended since the last report. */
  readonly requests: number
}
