import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import type { Duplex, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fault, type Fault } from '../../model/fault/fault.ts'
import type { ApiClient, RequestOptions } from './api-client.ts'
import { apiFault } from './api-fault.ts'
import { readNdjson } from './ndjson.ts'
import { openSshConnection } from './ssh-tunnel.ts'
import type { Target } from './target.ts'

export interface ApiClientDeps {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  readonly userAgent: string
  /** Ends requests that have no signal of their own: Ctrl-C. */
  readonly signal?: AbortSignal
  /** Told of each request with --verbose. */
  readonly trace?: (line: string) => void
}
const jsonLimitBytes = 256 * 1024 * 1024
const defaultTimeoutMs = 60_000

/** Connects when first asked; connections are kept and closed by disposal. */
export function openApiClient(target: Target, deps: ApiClientDeps): ApiClient {
  const transport = openTransport(target, deps)

  const withSignal = <O extends RequestOptions>(options: O): O =>
    options.signal !== undefined || deps.signal === undefined ? options : { ...options, signal: deps.signal }

  const send = (method: string, path: string, options: RequestOptions & { readonly stream?: Readable; readonly sizeBytes?: number }) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const started = performance.now()
      const text = options.body === undefined ? undefined : JSON.stringify(options.body)
      const signal = timeLimit(options)
      const request = transport.request({
        agent: transport.agent,
        host: target.via === 'tcp' ? target.host : '127.0.0.1',
        port: target.port,
        method,
        path: withQuery(path, options.query),
        ...(signal === undefined ? {} : { signal }),
        headers: {
          accept: 'application/json',
          'user-agent': deps.userAgent,
          ...(target.token === undefined ? {} : { authorization: `Bearer ${target.token.reveal()}` }),
          ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
          ...(options.stream === undefined ? {} : { 'content-type': 'application/octet-stream' }),
          ...(options.sizeBytes === undefined ? {} : { 'content-length': options.sizeBytes }),
          ...options.headers,
        },
      })
      request.on('error', (error) => reject(asFault(error, target, deps.home, options)))
      request.on('response', (response) => {
        deps.trace?.(`${method} ${path} ${response.statusCode ?? 0} in ${(performance.now() - started).toFixed(1)} ms`)
        resolve(response)
      })
      // A refusal before the end of a body breaks the upload; the answer, which says why, counts.
      if (options.stream === undefined) request.end(text)
      else pipeline(options.stream, request).catch((error: unknown) => reject(asFault(error as Error, target, deps.home, options)))
    })

  const succeed = async (method: string, path: string, options: Parameters<typeof send>[2]): Promise<IncomingMessage> => {
    const response = await send(method, path, withSignal(options))
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) return response
    throw apiFault(status, method === 'HEAD' ? '' : await readText(response), requestIdOf(response))
  }
  const json = async <T>(response: IncomingMessage): Promise<T> => {
    const text = await readText(response)
    return (text.trim().length === 0 ? undefined : JSON.parse(text)) as T
  }

  return {
    address: target.address,
    request: async <T>(method: string, path: string, options: RequestOptions = {}) =>
      json<T>(await succeed(method, path, { timeoutMs: defaultTimeoutMs, ...options })),
    async *stream<T>(method: string, path: string, options: RequestOptions = {}) {
      const response = await succeed(method, path, options)
      try {
        yield* readNdjson<T>(response)
      } catch (error) {
        throw asFault(error as Error, target, deps.home, withSignal(options))
      } finally {
        response.destroy()
      }
    },
    exists: async (path) => {
      try {
        const response = await succeed('HEAD', path, { timeoutMs: defaultTimeoutMs })
        response.resume()
        return true
      } catch (error) {
        if (error instanceof Error && 'httpStatus' in error && error.httpStatus === 404) return false
        throw error
      }
    },
    upload: async <T>(method: string, path: string, body: Readable, options: RequestOptions & { readonly sizeBytes?: number } = {}) =>
      json<T>(await succeed(method, path, { ...options, stream: body })),
    download: (path, options = {}) => succeed('GET', path, options),
    [Symbol.asyncDispose]: async () => {
      transport.agent.destroy()
    },
  }
}

function openTransport(target: Target, deps: ApiClientDeps): { readonly agent: Agent; readonly request: typeof httpRequest } {
  if (target.via === 'ssh') {
    const agent = new Agent({ keepAlive: true, maxSockets: 4 })
    agent.createConnection = (): Duplex => openSshConnection(target.destination, target.port, deps.env)
    return { agent, request: httpRequest }
  }
  if (target.isTls) return { agent: new TlsAgent({ keepAlive: true }), request: tlsRequest }
  return { agent: new Agent({ keepAlive: true }), request: httpRequest }
}

function timeLimit(options: RequestOptions): AbortSignal | undefined {
  const limit = options.timeoutMs === undefined ? undefined : AbortSignal.timeout(options.timeoutMs)
  if (options.signal === undefined) return limit
  return limit === undefined ? options.signal : AbortSignal.any([options.signal, limit])
}

/** What a broken connection means to the one who typed. Ctrl-C stays what it is. */
function asFault(error: Error, target: Target, home: string, options: RequestOptions): Error | Fault {
  if (options.signal?.aborted === true) return options.signal.reason as Error
  const code = 'code' in error ? error.code : undefined
  if (error.name === 'TimeoutError' || (code === 'ABORT_ERR' && options.timeoutMs !== undefined))
    return fault('timed_out', { what: `the platform at ${target.address}`, afterMs: options.timeoutMs ?? 0 }, error)
  if (code === 'ECONNREFUSED' && target.isHome === true) return fault('not_running', { home }, error)
  if (error.name === 'Fault' || error instanceof SyntaxError) return error
  return fault('unreachable', { address: target.address, reason: error.message }, error)
}

async function readText(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let sizeBytes = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    sizeBytes += part.length
    if (sizeBytes > jsonLimitBytes) throw new Error(`the answer is larger than ${jsonLimitBytes} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
const requestIdOf = (response: IncomingMessage): string | undefined => {
  const value = response.headers['fly-request-id']
  return typeof value === 'string' ? value : undefined
}

export function withQuery(path: string, query: RequestOptions['query']): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue
    for (const each of typeof value === 'object' ? value : [value]) params.append(name, String(each))
  }
  const text = params.toString()
  return text.length === 0 ? path : `${path}?${text}`
}
