import net from 'node:net'

interface ListenHandle {
  readonly fd: number
  getsockname(address: { port?: number }): number
  close(): void
}
/** A bound socket that this process owns and never accepts on: what an edge's parent holds. The first heir makes it listen. No documented Node.js API does that. */
export function inheritableListener(): { readonly fd: number; readonly port: number; close(): void } {
  const handle = (net as unknown as { _createServerHandle(address: string, port: number, type: 4): ListenHandle })._createServerHandle(
    '127.0.0.1',
    0,
    4,
  )
  const address: { port?: number } = {}
  handle.getsockname(address)
  return { fd: handle.fd, port: address.port ?? 0, close: () => handle.close() }
}
