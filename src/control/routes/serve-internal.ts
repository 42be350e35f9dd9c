import { chmod, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { Log } from '../../kit/log.ts'
import { fault, isFault } from '../../model/fault/fault.ts'
import { faultBody, httpStatusOf } from '../../protocol/fault-mapping.ts'
import { problemsOf, readJson } from '../api/read-body.ts'
import { closed, listening } from '../api/serve-api.ts'
import { loadReport, type LoadIntake } from './load-intake.ts'
import type { RouteFeed } from './route-feed.ts'

/** What edges ask of control, on a unix socket of mode 0600: `GET /v1/routes` (protocol/route-feed.ts) and `POST /v1/load`. */
export async function serveInternal(
  deps: { readonly feed: RouteFeed; readonly loads: LoadIntake; readonly log: Log },
  socketPath: string,
): Promise<AsyncDisposable> {
  const answer = (response: ServerResponse, error: unknown) => {
    const known = isFault(error) ? error : fault('internal', { requestId: '-' }, error)
    if (!isFault(error)) deps.log.error('internal request failed', { error })
    if (response.headersSent) response.destroy()
    else response.writeHead(httpStatusOf(known), { 'content-type': 'application/json' }).end(JSON.stringify(faultBody(known)))
  }
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname } = new URL(request.url ?? '/', 'http://control')
    if (request.method === 'GET' && pathname === '/v1/routes') {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      deps.feed.add(response)
    } else if (request.method === 'POST' && pathname === '/v1/load') {
      const parsed = loadReport.safeParse(await readJson(Readable.toWeb(request) as ReadableStream<Uint8Array>, 16 * 1024 * 1024))
      if (!parsed.success) throw fault('invalid_body', { problems: problemsOf(parsed.error) })
      deps.loads.take(parsed.data)
      response.writeHead(204).end()
    } else throw fault('route_not_found', { method: request.method ?? '', path: pathname })
  }
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => answer(response, error))
  })
  server.keepAliveTimeout = 60_000
  await rm(socketPath, { force: true })
  await listening(server, () => server.listen(socketPath), { address: socketPath, port: 0, flag: 'KANTE_HOME' })
  await chmod(socketPath, 0o600)
  return { [Symbol.asyncDispose]: () => closed(server) }
}
