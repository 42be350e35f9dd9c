import { chmod, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { EdgeStatus } from './edge-status.ts'

/** `GET /v1/edge/status` on a unix socket of mode 0600; a dead socket file in the way is replaced. */
export async function openStatusServer(socketPath: string, status: () => EdgeStatus): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    const isKnown = request.method === 'GET' && request.url === '/v1/edge/status'
    const body = isKnown ? status() : { error: `no such path: ${request.method} ${request.url}`, status: 'route_not_found' }
    response.writeHead(isKnown ? 200 : 404, { 'content-type': 'application/json', connection: 'close' }).end(`${JSON.stringify(body)}\n`)
  })
  await rm(socketPath, { force: true })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socketPath, () => resolve()))
  await chmod(socketPath, 0o600)
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
