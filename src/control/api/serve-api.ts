import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Connection } from './build-api.ts'
import { fault } from '../../model/fault/fault.ts'

export interface ListeningServer extends AsyncDisposable {
  readonly port: number
}

/** Serves a fetch handler over HTTP/1.1. Disposing it ends open streams too. Fault `port_in_use`. */
export async function serveApi(
  api: (request: Request, connection: Connection) => Response | Promise<Response>,
  address: string,
  port: number,
): Promise<ListeningServer> {
  const server = createServer(getRequestListener(api, { overrideGlobalObjects: false }))
  // Layers of a gigabyte may come over slow lines; heads may not.
  server.requestTimeout = 3_600_000
  server.headersTimeout = 20_000
  server.keepAliveTimeout = 65_000
  await listening(server, () => server.listen(port, address), { address, port, flag: '--api-port' })
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: () => closed(server) }
}

export function listening(server: Server, listen: () => void, where: { address: string; port: number; flag: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'EADDRINUSE' ? fault('port_in_use', where, error) : error))
    server.once('listening', resolve)
    listen()
  })
}

export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
