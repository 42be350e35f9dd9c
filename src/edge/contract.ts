import type { AppName, MachineId, RegionCode } from '../model/ids.ts'

/**
 * Where transport and brain meet inside an edge. The brain (routing, admission, wake) knows no sockets and no HTTP bytes; the transport knows no apps.
 */
export interface RequestFacts {
  /** Host name without port, lower case; from SNI or Host. */
  readonly hostname: string
  /** The service port that the client asked for: 80, 443, or a raw service's. */
  readonly port: number
  readonly webSocket: boolean
  /** From fly-force-instance-id, fly-prefer-region and so on; the transport parses the headers. */
  readonly preferRegions?: readonly string[]
  readonly forceRegions?: readonly string[]
  readonly preferMachine?: string
  readonly forceMachine?: string
}

/** A place at a machine for one request. Exactly one of `done` and `failed` is called, once. */
export interface Ticket {
  readonly app: AppName
  readonly machine: MachineId
  readonly region: RegionCode
  readonly address: string
  readonly port: number
  readonly concurrency: 'connections' | 'requests'
  /** Grows each time the machine starts: pooled connections of an earlier run are not used. */
  readonly poolKey: string
  /** The request ended; its place is free again. */
  done(outcome: 'ok' | 'aborted' | 'bad-response'): void
  /** Nothing of the request was answered: refused, reset or timed out. Gives the next place, or a refusal when none is left. */
  failed(reason: 'refused' | 'reset' | 'timeout'): Decision
}
export interface Refusal {
  readonly kind: 'refuse'
  readonly status: 404 | 429 | 502 | 503 | 504
  /** Fly.io's code for the app's log (platform-semantics §1.4), such as PR03; none where no app is known. */
  readonly code: string
  readonly app?: AppName
  readonly message: string
  readonly retryAfterS?: number
}
export type Decision =
  | { readonly kind: 'go'; readonly ticket: Ticket }
  /** Held: woken or queued. Settles by its deadline at the latest. `leave` when the client has gone: the waiter is forgotten at once. */
  | { readonly kind: 'hold'; readonly settled: Promise<{ readonly kind: 'go'; readonly ticket: Ticket } | Refusal>; leave(): void }
  | Refusal
export interface Brain {
  /** Synchronous on the fast path: a running machine with room costs no promise. */
  admit(facts: RequestFacts): Decision
}
