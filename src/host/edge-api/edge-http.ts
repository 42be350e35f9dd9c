import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import type { Log } from '../../kit/log.ts'
import { fault, isFault, type Fault } from '../../model/fault/fault.ts'
import { parseAppName, parseEdgeId, parseMachineId } from '../../model/ids.ts'
import { faultBody, httpStatusOf } from '../../protocol/fault-mapping.ts'
import type { HostLogs } from '../logs/log-contract.ts'
import type { Drains } from './drains.ts'
import type { EdgeSessions } from './edge-sessions.ts'
import type { Wakes } from './wakes.ts'

const maxBodyBytes = 1024 * 1024
const maxDeadlineMs = 300_000

const wakeRequest = z.object({
  edge: z.string().transform(parseEdgeId),
  machine: z.string().transform(parseMachineId),
  internalPort: z.int().min(1).max(65_535),
  deadlineMs: z.number().min(0).max(maxDeadlineMs),
})
const drainAnswer = z.object({
  edge: z.string().transform(parseEdgeId),
  machine: z.string().transform(parseMachineId),
  drainId: z.string().max(64),
  answer: z.enum(['drained', 'busy']),
})
const logLines = z.object({
  edge: z.string().transform(parseEdgeId),
  lines: z
    .array(
      z.object({
        app: z.string().transform(parseAppName),
        machine: z.string().transform((text) => (text === '' ? ('' as const) : parseMachineId(text))),
        level: z.enum(['info', 'warn', 'error']),
        message: z.string().max(16 * 1024),
        atMs: z.number(),
      }),
    )
    .max(10_000),
})

/** The host's socket for edges, as src/protocol/edge-session.ts says it. */
export function edgeHandler(deps: {
  readonly sessions: EdgeSessions
  readonly wakes: Wakes
  readonly drains: Drains
  readonly logs: HostLogs
  readonly log: Log
  readonly newRequestId: () => string
}): (request: IncomingMessage, response: ServerResponse) => void {
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://host')
    switch (`${request.method ?? ''} ${url.pathname}`) {
      case 'GET /v1/edge/session':
        return deps.sessions.open(parseEdgeId(url.searchParams.get('edge') ?? ''), response)
      case 'POST /v1/edge/wake':
        return send(response, 200, await deps.wakes.wake(await readBody(request, wakeRequest)))
      case 'POST /v1/edge/drain-answer':
        deps.drains.answer(await readBody(request, drainAnswer))
        return send(response, 200, {})
      case 'POST /v1/edge/log':
        for (const line of (await readBody(request, logLines)).lines) deps.logs.append({ ...line, provider: 'proxy' })
        return send(response, 200, {})
      default:
        throw fault('route_not_found', { method: request.method ?? '', path: url.pathname })
    }
  }

  return (request, response) => {
    answer(request, response).catch((error: unknown) => {
      const requestId = deps.newRequestId()
      if (!isFault(error)) deps.log.error('edge request failed', { requestId, url: request.url, error })
      const known: Fault = isFault(error) ? error : fault('internal', { requestId }, error)
      if (response.headersSent || response.destroyed) response.destroy()
      else send(response, httpStatusOf(known), faultBody(known, requestId))
    })
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

async function readBody<Schema extends z.ZodType>(request: IncomingMessage, schema: Schema): Promise<z.output<Schema>> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > maxBodyBytes) throw fault('invalid_body', { problems: [`longer than ${maxBodyBytes} bytes`] })
    chunks.push(chunk as Buffer)
  }
  let value: unknown
  try {
    value = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (error) {
    throw fault('invalid_body', { problems: ['not JSON'] }, error)
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw fault('invalid_body', { problems: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) })
}
