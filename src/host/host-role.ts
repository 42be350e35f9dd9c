import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import type { HostRecord } from '../model/host.ts'
import type { EdgeId, RandomBytes } from '../model/ids.ts'
import type { SecretSource } from '../protocol/secret-source.ts'
import type { HostPort } from '../protocol/host-port.ts'
import type { Store } from '../store/contract.ts'
import type { AddressRange } from './addresses/address-pool.ts'
import type { HostLogs } from './logs/log-contract.ts'
import type { Runtime } from './runtime/runtime-contract.ts'

export interface HostDeps {
  /** The host's own database: the truth about its machines. Not closed by the host. */
  readonly db: Store
  /** The platform's store: orders are read there and the observed copy is published. May be away at any time. Not closed by the host. */
  readonly store: Store
  readonly runtime: Runtime
  readonly logs: HostLogs
  /** None: there are no secrets. */
  readonly secrets?: SecretSource
  readonly clock: Clock
  readonly random: RandomBytes
  readonly log: Log
}
export interface HostOptions {
  readonly record: HostRecord
  readonly addressRange: AddressRange
  /** The edges that must acknowledge before a drained machine is signalled: every one that may hold routes to this host. */
  readonly edges: () => readonly EdgeId[]
  readonly runtimeName: Runtime['name']
}
/** One host's role. Disposing it leaves the machines running; the next open adopts them. */
export interface HostRole extends AsyncDisposable {
  readonly port: HostPort
  /** Serves src/protocol/edge-session.ts. */
  handle(request: IncomingMessage, response: ServerResponse): void
  /** Serves `handle` on a unix socket of mode 0600; a dead socket file in the way is replaced. */
  listen(socketPath: string): Promise<void>
}
