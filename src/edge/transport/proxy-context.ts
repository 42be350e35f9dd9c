import type { RequestHead } from '../codec/request-head.ts'
import type { Brain } from '../contract.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { ProxyError, ProxyLimits, ProxyTimeouts, RequestLogEntry } from './proxy-contract.ts'
import type { ReadBuffers } from './read-buffers.ts'
import type { TimerWheel } from './timer-wheel.ts'
import type { UpstreamDeps } from './upstream-connection.ts'
import type { UpstreamPool } from './upstream-pool.ts'

/** What all connections of one proxy share. */
export interface ProxyContext {
  readonly brain: Brain
  readonly clock: Clock
  readonly log: Log
  readonly region: string
  readonly timeouts: ProxyTimeouts
  readonly limits: ProxyLimits
  readonly requestIds: () => string
  readonly wheel: TimerWheel
  readonly pool: UpstreamPool
  /** Of both sides. */
  readonly buffers: ReadBuffers
  readonly upstreamDeps: UpstreamDeps
  readonly onRequestLog: (entry: RequestLogEntry) => void
  readonly onProxyError: (error: ProxyError) => void
  /** One parser for all connections: a head is read to its end within one callback. */
  readonly requestHead: RequestHead
  readonly counters: ProxyCounters
  /** Now as a Date field has it. */
  dateText(): string
}
export interface ProxyCounters {
  inFlight: number
  tunnels: number
  isDraining: boolean
}
