import net from 'node:net'
import { KeeperError, type ListenSpec } from './keeper-protocol.ts'

/** A bound socket that accepts nothing itself: children get its descriptor, and connections wait in its queue while none lives. */
export interface ListeningSocket extends Disposable {
  readonly fd: number
  readonly address: string
  /** The real one where 0 was asked for. */
  readonly port: number
}

interface ServerHandle {
  readonly fd: number
  close(): void
  getsockname(into: { address?: string; port?: number }): number
}
/** Not documented by Node (ADR 0005): binds and returns a handle, or a negative errno. */
type CreateServerHandle = (address: string, port: number, family: 4 | 6, fd: -1, flags: number) => ServerHandle | number
const createServerHandle = (net as unknown as { readonly _createServerHandle?: CreateServerHandle })._createServerHandle
const flagReusePort = 2
const errnoInUse: Readonly<Record<string, number>> = { linux: -98, darwin: -48 }

/** Whether this Node can do it; asked once when a keeper starts, so that an upgrade of Node fails there and not at the first edge. */
export const canBindWithoutAccepting = (): boolean => typeof createServerHandle === 'function'

export function bindSocket(spec: ListenSpec): ListeningSocket {
  if (createServerHandle === undefined)
    throw new KeeperError('listen_failed', `this Node (${process.version}) cannot bind a socket for another process`)
  const handle = createServerHandle(spec.address, spec.port, net.isIPv6(spec.address) ? 6 : 4, -1, spec.reusePort === true ? flagReusePort : 0)
  if (typeof handle === 'number') throw bindError(spec, handle)
  const bound: { address?: string; port?: number } = {}
  // libuv reports "in use" not from bind but from the next call.
  const errno = handle.getsockname(bound)
  if (errno !== 0 || bound.port === undefined) {
    handle.close()
    throw bindError(spec, errno)
  }
  return { fd: handle.fd, address: spec.address, port: bound.port, [Symbol.dispose]: () => handle.close() }
}

const bindError = (spec: ListenSpec, errno: number) =>
  errno === errnoInUse[process.platform]
    ? new KeeperError('address_in_use', `${spec.address}:${spec.port} is in use by another program`)
    : new KeeperError('listen_failed', `cannot bind ${spec.address}:${spec.port} (error ${errno})`)
