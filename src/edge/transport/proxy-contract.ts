import type { AddressInfo } from 'node:net'
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { AppName, MachineId, RegionCode } from '../../model/ids.ts'
import type { Brain } from '../contract.ts'
import type { ClientReads } from './client-listener.ts'

/** One answered (or abandoned) request. Times in milliseconds; the path has no query, which may hold secrets. */
export interface RequestLogEntry {
  /** Milliseconds since 1970, when the head was complete. */
  readonly timeMs: number
  readonly requestId: string
  readonly method: string
  readonly host: string
  readonly path: string
  /** 0 when the client left before an answer. */
  readonly status: number
  readonly outcome: 'ok' | 'aborted' | 'bad-response' | 'refused'
  readonly requestBodyBytes: number
  readonly responseBodyBytes: number
  readonly totalMs: number
  /** 0 on a pooled connection. */
  readonly connectMs: number
  /** From the head's arrival to the first byte of the answer. */
  readonly firstByteMs: number
  /** In the brain's hold: woken or queued. */
  readonly heldMs: number
  readonly attempts: number
  readonly edgeRegion: string
  readonly clientAddress: string
  /** These three: of the last machine that was tried. */
  readonly app: AppName | undefined
  readonly machine: MachineId | undefined
  readonly machineRegion: RegionCode | undefined
}

/** A line for the app's log with Fly.io's proxy error code (platform-semantics §1.4). */
export interface ProxyError {
  readonly code: string
  readonly message: string
  readonly requestId: string
  readonly app: AppName
  readonly machine?: MachineId
}

export interface ProxyListener {
  /** An inherited listening socket, or an address to bind. */
  readonly listen: { readonly fd: number } | { readonly host: string; readonly port: number }
  /** The service port that this listener stands for: 80 where an edge without privileges listens on 8080. */
  readonly externalPort: number
}

/** Milliseconds; 0 means never. */
export interface ProxyTimeouts {
  /** From the first byte of a head to its end, and for the first head of a new connection. */
  readonly requestHeadMs: number
  /** Without a byte of an unfinished request body. */
  readonly requestBodyIdleMs: number
  /** Between two requests of one client connection. */
  readonly keepAliveMs: number
  readonly connectMs: number
  /** From the request being sent to the first byte of the answer. */
  readonly firstByteMs: number
  /** An idle pooled connection to an app; below the 5 s after which a Node.js server hangs up (platform-semantics §1.2: about 4 s). */
  readonly poolIdleMs: number
  /** A client that takes nothing of an answer that waits for it. */
  readonly clientStallMs: number
  /** How long unread bytes of a client are swallowed after the last answer, so that a reset does not eat that answer. */
  readonly lingerMs: number
  /** How long a switched connection lives on after one side has ended. */
  readonly halfClosedTunnelMs: number
}
export interface ProxyLimits {
  readonly connections: number
  readonly requestsPerConnection: number
  /** Bytes of a request body held while the request waits for a machine, and kept for a retry. */
  readonly heldBodyBytes: number
  readonly pooledPerMachine: number
}
export const defaultTimeouts: ProxyTimeouts = {
  requestHeadMs: 15_000,
  requestBodyIdleMs: 60_000,
  keepAliveMs: 75_000,
  connectMs: 3_000,
  firstByteMs: 600_000,
  poolIdleMs: 4_000,
  clientStallMs: 300_000,
  lingerMs: 2_000,
  halfClosedTunnelMs: 10_000,
}
export const defaultLimits: ProxyLimits = { connections: 20_000, requestsPerConnection: 1_000_000, heldBodyBytes: 65_536, pooledPerMachine: 256 }

export interface ProxyDeps {
  readonly brain: Brain
  readonly clock: Clock
  readonly log: Log
  /** A new id for Fly-Request-Id: visible ASCII. */
  readonly requestIds: () => string
  /** Called once for each request, when it is over and its answer is written. Must not wait. */
  readonly onRequestLog: (entry: RequestLogEntry) => void
  readonly onProxyError: (error: ProxyError) => void
}
export interface ProxyOptions {
  readonly listeners: readonly ProxyListener[]
  readonly region: string
  readonly timeouts?: Partial<ProxyTimeouts>
  readonly limits?: Partial<ProxyLimits>
  /** The best that this Node.js can do when absent. */
  readonly clientReads?: ClientReads
}
export interface ProxyStats {
  readonly connections: number
  readonly inFlight: number
  readonly tunnels: number
  readonly pooled: number
}
export interface ProxyServer extends AsyncDisposable {
  /** In the order of `listeners`. */
  readonly addresses: readonly AddressInfo[]
  stats(): ProxyStats
  /** Accepts nothing more, lets requests and tunnels end until `deadlineMs` from now, cuts the rest. Resolves when no connection is left. */
  drain(deadlineMs: number): Promise<void>
}
