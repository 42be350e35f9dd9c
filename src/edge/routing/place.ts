import type { AppName, HostId, MachineId, RegionCode } from '../../model/ids.ts'
import type { Autostop } from '../../model/service/service.ts'

/**
 * How a place can be used: `ready` now; `unproven` runs, but no check of its service has a result yet; `critical` runs and fails a check; `asleep` after a
 * wake; `arriving` soon by itself; `out` not at all (cordoned, failed, destroyed).
 */
export type PlaceKind = 'ready' | 'unproven' | 'critical' | 'asleep' | 'arriving' | 'out'

/** What all places of a machine have in common; lives on while a request is in flight, also when the machine has left the routes. */
export interface MachineUse {
  readonly machine: MachineId
  inFlight: number
  /** Requests held for a wake of this machine. */
  held: number
  webSockets: number
  /** Requests ended since the last load report. */
  ended: number
  /** What somebody waits for: that nothing is in flight, and with `unused` that nothing is held either. */
  watch: 'none' | 'inFlight' | 'unused'
}

/** One service of one machine: where a request can go. Mutable: the counters change with every request, the rest with every route change. */
export interface Place {
  readonly machine: MachineId
  readonly internalPort: number
  readonly use: MachineUse
  app: AppName
  region: RegionCode
  host: HostId
  kind: PlaceKind
  softLimit: number
  hardLimit: number
  concurrency: 'connections' | 'requests'
  autostart: boolean
  autostop: Autostop
  address: string
  port: number
  poolKey: string
  /** Lower is woken first. */
  wakeRank: number
  /** In flight at this service: limits count per machine and service (platform-semantics §1.2). */
  inFlight: number
  /** Requests held for a wake of this place. */
  held: number
  /** Monotonic milliseconds until which it is avoided, because it refused connections. */
  suspectUntilMs: number
  refusals: number
  /** Monotonic milliseconds until which it is not woken, because the last wake failed. */
  wakeBarredUntilMs: number
}

/** Fly.io's three classes (platform-semantics §1.2): 0 below soft, 1 from soft to hard, 2 at hard. */
export const loadClass = (place: Place, load: number): 0 | 1 | 2 =>
  load < place.softLimit ? (load < place.hardLimit ? 0 : 2) : load < place.hardLimit ? 1 : 2
