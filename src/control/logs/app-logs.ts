import type { Log } from '../../kit/log.ts'
import type { App } from '../../model/app.ts'
import { isFault } from '../../model/fault/fault.ts'
import type { HostId, MachineId } from '../../model/ids.ts'
import type { HostPort } from '../../protocol/host-port.ts'
import type { LogLine, LogQuery } from '../../protocol/log-line.ts'
import type { PlatformView } from '../platform/platform-view.ts'
import { byTime, interleave } from './merge-logs.ts'

export interface LogsRequest {
  readonly machine?: MachineId
  readonly region?: string
  readonly after?: string
  readonly limit: number
}

/** An app's lines from every host: they stay where they arise, and a query goes to all of them. A host that does not answer is left out. */
export interface AppLogs {
  /** The newest `limit` lines, or the first `limit` after a line; oldest first. */
  read(app: App, request: LogsRequest): Promise<readonly LogLine[]>
  /** Those, then what comes. */
  follow(app: App, request: LogsRequest, signal: AbortSignal): AsyncIterable<LogLine>
}

export function openAppLogs(deps: {
  readonly platform: PlatformView
  readonly hosts: (id: HostId) => HostPort | undefined
  readonly log: Log
}): AppLogs {
  const portsFor = (request: LogsRequest) =>
    deps.platform
      .hosts()
      .filter((host) => request.region === undefined || host.region.code === request.region)
      .flatMap((host) => deps.hosts(host.id) ?? [])
  const queryOf = (app: App, { machine, after, limit }: LogsRequest): LogQuery => ({
    app: app.name,
    limit,
    ...(machine === undefined ? {} : { machine }),
    ...(after === undefined ? {} : { after }),
  })

  const readEach = (app: App, request: LogsRequest) =>
    Promise.all(
      portsFor(request).map(async (port) => {
        try {
          return { port, lines: await port.readLogs(queryOf(app, request)) }
        } catch (error) {
          if (!isFault(error)) throw error
          deps.log.warn('a host’s logs are left out', { app: app.name, host: port.hostId, error })
          return { port, lines: [] }
        }
      }),
    )
  const page = (answers: readonly { readonly lines: readonly LogLine[] }[], request: LogsRequest) => {
    const lines = answers.flatMap((answer) => answer.lines).toSorted(byTime)
    return request.after === undefined ? lines.slice(-request.limit) : lines.slice(0, request.limit)
  }
  return {
    read: async (app, request) => page(await readEach(app, request), request),
    async *follow(app, request, signal) {
      const answers = await readEach(app, request)
      const first = page(answers, request)
      yield* first
      const shown = new Set(first)
      // Each host goes on from its own last line that was shown; one that has none in the page has nothing newer than the page's beginning.
      const beginning = request.after ?? first[0]?.id ?? beforeAll
      const streams = answers.map(({ port, lines }) => {
        const after = lines.findLast((line) => shown.has(line))?.id ?? beginning
        return port.followLogs(queryOf(app, { ...request, after }), signal)
      })
      yield* interleave(streams)
    },
  }
}
/** Sorts before the id of every line. */
const beforeAll = '0000000000000-0'
