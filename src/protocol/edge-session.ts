import type { EdgeId, HostId, MachineId } from '../model/ids.ts'
import type { MachineEndpoint } from '../model/machine/machine-record.ts'
import type { MachineState } from '../model/machine/machine-state.ts'

/**
 * Edge ↔ host, on the host's socket. An edge sends requests to a host's machines only by what it learned from the route feed, a session or a wake —
 * whichever has the highest `seq`. NDJSON: `GET /v1/edge/session?edge=ID` streams HostMessages until either side goes. A host starts a drain only when
 * every edge it must know of has a session, and signals the machine only when each of them has acknowledged.
 */
export type HostMessage =
  | { readonly type: 'hello'; readonly host: HostId; readonly bootId: string }
  /** All machines of the host that changed since the host started, a `beat` after the last of them, then every change. */
  | {
      readonly type: 'state'
      readonly id: MachineId
      readonly seq: number
      readonly state: MachineState
      readonly draining: boolean
      readonly endpoint: MachineEndpoint
    }
  /**
   * Send nothing more to the machine; answer `drained` when nothing is in flight there, `busy` when something still is. Requests held for the machine are
   * in the way too, unless `forDeploy`: then they wait for its next version.
   */
  | { readonly type: 'drain'; readonly id: MachineId; readonly seq: number; readonly drainId: string; readonly forDeploy?: boolean }
  | { readonly type: 'undrain'; readonly id: MachineId; readonly seq: number; readonly drainId: string }
  | { readonly type: 'beat' }

/** `POST /v1/edge/drain-answer`. */
export interface DrainAnswer {
  readonly edge: EdgeId
  readonly machine: MachineId
  readonly drainId: string
  readonly answer: 'drained' | 'busy'
}
/** `POST /v1/edge/wake`: answers WakeReply when the machine's port accepts, or a fault (wake_timeout, wake_refused, machine_not_found …). Many callers, one start. */
export interface WakeRequest {
  readonly edge: EdgeId
  readonly machine: MachineId
  readonly internalPort: number
  readonly deadlineMs: number
}
export interface WakeReply {
  readonly seq: number
  readonly endpoint: MachineEndpoint
}
/** `POST /v1/edge/log`: lines for the app's log (Fly.io's proxy error codes), one answer for many. */
export interface EdgeLogLines {
  readonly edge: EdgeId
  readonly lines: readonly {
    readonly app: string
    readonly machine: string
    readonly level: 'info' | 'warn' | 'error'
    readonly message: string
    readonly atMs: number
  }[]
}
