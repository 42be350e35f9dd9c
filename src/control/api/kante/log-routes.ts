import { z } from 'zod'
import { parseMachineId } from '../../../model/ids.ts'
import type { LogLine } from '../../../protocol/log-line.ts'
import type { AppLogs, LogsRequest } from '../../logs/app-logs.ts'
import { isTrue } from '../machines/machine-input.ts'
import { json, ndjson, route, type Route } from '../route.ts'

const pageLimit = 100
const logLine = z
  .object({
    id: z.string(),
    timestamp: z.string(),
    app: z.string(),
    machine: z.string(),
    region: z.string(),
    provider: z.enum(['app', 'runner', 'proxy']),
    level: z.enum(['info', 'warn', 'error']),
    message: z.string(),
  })
  .meta({ id: 'LogLine' })

/** An app's logs, in our form and in the one that flyctl polls (flyctl-contract §1.11). */
export const logRoutes = (logs: AppLogs): readonly Route[] => [
  route({
    method: 'GET',
    path: '/v1/kante/apps/:app/logs',
    tag: 'kante',
    access: 'read',
    summary: 'The newest lines of an app’s log, or those after a line; with `follow=1` also what comes',
    query: z.object({
      machine: z.string().optional(),
      region: z.string().max(16).optional(),
      after: z.string().max(64).optional(),
      limit: z.coerce.number().int().min(1).max(10_000).default(100),
      follow: z.string().optional(),
    }),
    replies: { 200: { description: 'lines, oldest first', schema: logLine, type: 'application/x-ndjson' } },
    handle(context, { params, query }) {
      const app = context.scope.app(params.app)
      const request: LogsRequest = {
        limit: query.limit,
        ...(query.machine ? { machine: parseMachineId(query.machine) } : {}),
        ...(query.region ? { region: query.region } : {}),
        ...(query.after ? { after: query.after } : {}),
      }
      return ndjson(isTrue(query.follow) ? logs.follow(app, request, context.signal) : each(logs.read(app, request)))
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/apps/:app/logs',
    tag: 'machines',
    access: 'read',
    summary: 'A page of an app’s log, as flyctl polls it',
    query: z.object({ next_token: z.string().max(64).optional(), instance: z.string().optional(), region: z.string().max(16).optional() }),
    replies: {
      200: {
        description: 'lines and where to go on',
        schema: z.looseObject({ data: z.array(z.looseObject({})), meta: z.object({ next_token: z.string() }) }),
      },
    },
    async handle(context, { params, query }) {
      const lines = await logs.read(context.scope.app(params.app), {
        limit: pageLimit,
        ...(query.instance ? { machine: parseMachineId(query.instance) } : {}),
        ...(query.region ? { region: query.region } : {}),
        ...(query.next_token ? { after: query.next_token } : {}),
      })
      return json({ data: lines.map(flyLine), meta: { next_token: lines.at(-1)?.id ?? query.next_token ?? '' } })
    },
  }),
]

async function* each(lines: Promise<readonly LogLine[]>): AsyncGenerator<LogLine> {
  yield* await lines
}

const flyLine = (line: LogLine) => ({
  id: line.id,
  type: 'log',
  attributes: {
    timestamp: line.timestamp,
    message: line.message,
    level: line.level,
    instance: line.machine,
    region: line.region,
    meta: { instance: line.machine, region: line.region, event: { provider: line.provider } },
  },
})
