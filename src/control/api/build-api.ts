import { Hono } from 'hono'
import type { z } from 'zod'
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { App } from '../../model/app.ts'
import { fault, isFault, type Fault } from '../../model/fault/fault.ts'
import { ulid, type RandomBytes } from '../../model/ids.ts'
import { faultBody, httpStatusOf } from '../../protocol/fault-mapping.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { AuditedCall } from '../audit/audit-record.ts'
import type { OrgScope } from '../state/org-scope.ts'
import { checkAccess } from './access.ts'
import { problemsOf, readJson } from './read-body.ts'
import { noteRefusedCalls } from './refused-calls.ts'
import type { ApiContext, Caller, Reply, Route } from './route.ts'

export interface ApiDeps {
  readonly authenticate: (header: string | undefined) => Caller
  readonly checkHost: (header: string | undefined) => void
  readonly scopeOf: (caller: Caller) => OrgScope
  readonly audit: Pick<AuditLog, 'during'>
  readonly clock: Clock
  readonly random: RandomBytes
  readonly log: Log
}

/** What serves a request knows of its connection. */
export interface Connection {
  readonly incoming?: { readonly socket: { readonly remoteAddress?: string | undefined } }
}

/** The API as a function of requests: one table of routes, one way in (host name, token, body, fault to answer). */
export function buildApi(routes: readonly Route[], deps: ApiDeps): (request: Request, connection?: Connection) => Promise<Response> {
  const hono = new Hono<{ Variables: { requestId: string }; Bindings: { from: string } }>({ strict: false })
  const noteRefused = noteRefusedCalls(deps.log, deps.clock)
  hono.use('*', async (c, next) => {
    c.set('requestId', ulid(deps.clock.now(), deps.random))
    deps.checkHost(c.req.header('host') ?? new URL(c.req.url).host)
    await next()
  })
  for (const route of routes) {
    // Hono sends HEAD to the handler of GET and drops the body.
    hono.on(route.method === 'HEAD' ? 'GET' : route.method, route.path, async (c) => {
      const request = c.req.raw
      const caller = deps.authenticate(c.req.header('authorization'))
      const context: ApiContext = {
        caller,
        scope: deps.scopeOf(caller),
        requestId: c.get('requestId'),
        signal: request.signal,
        header: (name) => c.req.header(name),
        body: request.body,
      }
      const params: Readonly<Record<string, string>> = c.req.param()
      const answer = async () => {
        checkAccess(caller.kind, route)
        checkNamed(context.scope, route, params)
        const query = route.query && parse(route.query, queryOf(new URL(request.url)))
        const body = await bodyOf(route, request)
        return route.handle(context, { params, query, body })
      }
      const reply = isAudited(route) ? await deps.audit.during(auditedCall(context, route, params, c.env.from), answer) : await answer()
      return respond(reply, context, deps.log)
    })
  }
  hono.notFound((c) => failed(fault('route_not_found', { method: c.req.method, path: c.req.path.slice(0, 200) }), c.get('requestId')))
  hono.onError((error, c) => {
    const requestId = c.get('requestId')
    if (isFault(error, 'unauthorized')) noteRefused({ from: c.env.from, reason: error.message })
    if (isFault(error)) return failed(error, requestId)
    if (!c.req.raw.signal.aborted) deps.log.error('request failed', { requestId, method: c.req.method, path: c.req.path, error })
    return failed(fault('internal', { requestId }, error), requestId)
  })
  return async (request, connection) => hono.fetch(request, { from: connection?.incoming?.socket.remoteAddress ?? 'unknown' })
}

/** What a path names has to be the caller's, before anything is looked at: a handler cannot forget it. Faults app_not_found, org_not_found. */
function checkNamed(scope: OrgScope, route: Route, params: Readonly<Record<string, string>>): void {
  if (params['app'] !== undefined && route.isAnyName !== true) scope.app(params['app'])
  if (params['org'] !== undefined) scope.inOrg(params['org'])
}

/** Every call that may change something, and a backup. */
const isAudited = (route: Route): boolean => (route.method !== 'GET' && route.method !== 'HEAD') || route.isRecorded === true
const longestObject = 256

function auditedCall({ caller, scope, requestId }: ApiContext, route: Route, params: Readonly<Record<string, string>>, from: string): AuditedCall {
  const app = params['app'] === undefined ? undefined : ownApp(scope, params['app'])
  return {
    token: caller.tokenId,
    kind: caller.kind,
    ...(caller.name === undefined ? {} : { tokenName: caller.name }),
    org: app?.org ?? caller.org,
    ...(app === undefined ? {} : { app: app.name }),
    from,
    action: `${route.method} ${route.path}`,
    objects: Object.entries(params).map(([name, value]) => `${name}=${value.slice(0, longestObject)}`),
    request: requestId,
  }
}

function ownApp(scope: OrgScope, name: string): App | undefined {
  try {
    return scope.app(name)
  } catch (error) {
    if (isFault(error, 'app_not_found')) return undefined
    throw error
  }
}

/** `a=1&a=2` is `{ a: ['1', '2'] }`, one value is a text. */
function queryOf(url: URL): Readonly<Record<string, string | string[]>> {
  const query: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>
  for (const name of new Set(url.searchParams.keys())) {
    const values = url.searchParams.getAll(name)
    query[name] = values.length === 1 ? values[0]! : values
  }
  return { ...query }
}

async function bodyOf(route: Route, request: Request): Promise<unknown> {
  if (route.body === undefined || route.body === 'stream') return undefined
  const sent = (await readJson(request.body)) ?? (route.isBodyOptional ? {} : undefined)
  if (sent === undefined) throw fault('invalid_body', { problems: ['missing: send JSON'] })
  const parsed = parse(route.body, sent)
  return route.isExact ? sent : parsed
}

function parse(schema: z.ZodType, value: unknown): unknown {
  const result = schema.safeParse(value)
  if (!result.success) throw fault('invalid_body', { problems: problemsOf(result.error) })
  return result.data
}

function failed(error: Fault, requestId: string): Response {
  const headers = { 'content-type': 'application/json', 'fly-request-id': requestId }
  const retry: Record<string, string> = error.kind === 'unavailable' ? { 'retry-after': '1' } : {}
  const challenge: Record<string, string> = error.kind === 'unauthenticated' ? { 'www-authenticate': 'Bearer' } : {}
  return new Response(JSON.stringify(faultBody(error, requestId)), { status: httpStatusOf(error), headers: { ...headers, ...retry, ...challenge } })
}

function respond(reply: Reply, context: ApiContext, log: Log): Response {
  const headers: Record<string, string> = { 'fly-request-id': context.requestId, 'cache-control': 'no-store' }
  if ('json' in reply) {
    return new Response(JSON.stringify(reply.json), { status: reply.status ?? 200, headers: { ...headers, 'content-type': 'application/json' } })
  }
  if ('empty' in reply) return new Response(null, { status: reply.status, headers })
  headers['content-type'] = reply.type
  if (reply.fileName !== undefined) headers['content-disposition'] = `attachment; filename="${reply.fileName}"`
  return new Response(streamOf(reply.stream, context, log), { status: reply.status ?? 200, headers })
}

/** Pulls only as fast as the client reads. A failure in the middle ends the connection: a stream that breaks off must not look complete. */
function streamOf(source: AsyncIterable<Uint8Array | string>, context: ApiContext, log: Log): ReadableStream<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await iterator.next()
          if (next.done) controller.close()
          else controller.enqueue(typeof next.value === 'string' ? Buffer.from(next.value) : next.value)
        } catch (error) {
          if (!context.signal.aborted) log.error('stream failed', { requestId: context.requestId, error })
          controller.error(error)
        }
      },
      async cancel() {
        await iterator.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}
