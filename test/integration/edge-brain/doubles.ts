import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultLimits, defaultTimeouts, type EdgeConfig, type EdgeTimeouts } from '../../../src/edge/edge-config.ts'
import { openEdge, type Edge } from '../../../src/edge/open-edge.ts'
import { systemClock } from '../../../src/kit/clock.ts'
import { silentLog } from '../../../src/kit/log.ts'
import { edgeIdOf } from '../../../src/model/ids.ts'
import type { DrainAnswer, EdgeLogLines, HostMessage, WakeRequest } from '../../../src/protocol/edge-session.ts'
import type { LoadReport, RouteMessage } from '../../../src/protocol/route-feed.ts'
import { regions, routeHost, type TestRegion } from '../../testkit/routes.ts'

export async function openFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'kante-edge-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk as string
  return JSON.parse(text)
}
const answer = (response: ServerResponse, status: number, body: object) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

/** A server on a unix socket that goes and comes back. */
class UnixServer implements AsyncDisposable {
  readonly path: string
  #server: Server | undefined
  readonly #handle: (request: IncomingMessage, response: ServerResponse) => void
  constructor(path: string, handle: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void) {
    this.path = path
    this.#handle = (request, response) => {
      Promise.resolve(handle(request, response)).catch((error: unknown) => response.destroy(error as Error))
    }
  }
  async up(): Promise<void> {
    await rm(this.path, { force: true })
    const server = createServer(this.#handle)
    await new Promise<void>((resolve) => server.listen(this.path, () => resolve()))
    this.#server = server
  }
  async down(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.down()
  }
}

/** Control's side of src/protocol/route-feed.ts: sends what the test says. */
export class ControlDouble extends UnixServer {
  readonly loads: LoadReport[] = []
  readonly asked: string[] = []
  readonly streams = new Set<ServerResponse>()
  hello: RouteMessage[] = []
  isSilent = false
  constructor(path: string) {
    super(path, async (request, response) => {
      if (request.url?.startsWith('/v1/routes') === true) {
        this.asked.push(request.url)
        response.writeHead(200)
        response.flushHeaders()
        this.streams.add(response)
        response.on('close', () => this.streams.delete(response))
        if (!this.isSilent) for (const message of this.hello) response.write(`${JSON.stringify(message)}\n`)
        return
      }
      this.loads.push((await bodyOf(request)) as LoadReport)
      answer(response, 200, {})
    })
  }
  send(message: RouteMessage): void {
    for (const stream of this.streams) stream.write(`${JSON.stringify(message)}\n`)
  }
}

/** The host's side of src/protocol/edge-session.ts: its decisions are the test's. */
export class HostDouble extends UnixServer {
  readonly wakes: WakeRequest[] = []
  readonly answers: DrainAnswer[] = []
  readonly lines: EdgeLogLines['lines'][number][] = []
  readonly sessions = new Map<string, ServerResponse>()
  hello: HostMessage[] = []
  onWake: (request: WakeRequest) => Promise<{ readonly status: number; readonly body: object }> = () =>
    Promise.resolve({ status: 412, body: { error: 'cannot be woken', status: 'wake_refused' } })
  constructor(path: string, region: TestRegion) {
    super(path, async (request, response) => {
      const url = new URL(request.url ?? '', 'http://host')
      switch (url.pathname) {
        case '/v1/edge/session': {
          const edge = url.searchParams.get('edge') ?? ''
          response.writeHead(200)
          this.sessions.set(edge, response)
          response.on('close', () => this.sessions.delete(edge))
          const first: HostMessage[] = [{ type: 'hello', host: routeHost(region).id, bootId: 'boot' }, ...this.hello, { type: 'beat' }]
          for (const message of first) response.write(`${JSON.stringify(message)}\n`)
          return
        }
        case '/v1/edge/wake': {
          const wake = (await bodyOf(request)) as WakeRequest
          this.wakes.push(wake)
          const { status, body } = await this.onWake(wake)
          answer(response, status, body)
          return
        }
        case '/v1/edge/drain-answer':
          this.answers.push((await bodyOf(request)) as DrainAnswer)
          answer(response, 200, {})
          return
        case '/v1/edge/log':
          this.lines.push(...((await bodyOf(request)) as EdgeLogLines).lines)
          answer(response, 200, {})
          return
        default:
          answer(response, 404, {})
      }
    })
  }
  send(message: HostMessage): void {
    for (const session of this.sessions.values()) session.write(`${JSON.stringify(message)}\n`)
  }
}

/** A machine's program: an HTTP server at an address of its own. */
export class ProgramDouble implements AsyncDisposable {
  readonly address: string
  readonly #server: Server
  port = 0
  requests = 0
  /** Requests wait for it. */
  gate: Promise<void> = Promise.resolve()
  constructor(name: string, address = '127.0.0.1') {
    this.address = address
    this.#server = createServer((request, response) => {
      this.requests++
      request.resume()
      void this.gate.then(() => response.end(`${name}\n`))
    })
    this.#server.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
      socket.on('error', () => socket.destroy())
      socket.on('end', () => socket.end())
      this.#upgraded.add(socket)
    })
  }
  readonly #upgraded = new Set<{ destroy(): unknown }>()
  async listen(port = 0): Promise<number> {
    await new Promise<void>((resolve, reject) => this.#server.once('error', reject).listen(port, this.address, () => resolve()))
    this.port = (this.#server.address() as { port: number }).port
    return this.port
  }
  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#upgraded) socket.destroy()
    if (!this.#server.listening) return
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }
}

export async function openTestEdge(
  folder: string,
  options: { readonly region?: TestRegion; readonly timeouts?: Partial<EdgeTimeouts>; readonly waitersPerApp?: number } = {},
): Promise<Edge & { readonly port: number; readonly config: EdgeConfig }> {
  const region = options.region ?? 'fra'
  const host = routeHost(region, `unix:${folder}/h-${region}.sock`)
  const config: EdgeConfig = {
    id: edgeIdOf(host.id),
    host: host.id,
    region: regions[region],
    hostAddress: host.address,
    controlAddress: `unix:${folder}/control.sock`,
    domain: 'localhost',
    listeners: [{ address: '127.0.0.1', port: 0, externalPort: 80 }],
    stateDir: `${folder}/edge-${region}`,
    statusSocket: `${folder}/e-${region}.sock`,
    timeouts: { ...defaultTimeouts, ...options.timeouts },
    limits: { ...defaultLimits, ...(options.waitersPerApp === undefined ? {} : { waitersPerApp: options.waitersPerApp }) },
  }
  const edge = await openEdge({ clock: systemClock, random: Math.random, log: silentLog }, config)
  return Object.assign(edge, { port: edge.addresses[0]?.port ?? 0, config })
}
