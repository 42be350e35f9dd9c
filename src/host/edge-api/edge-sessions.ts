import type { ServerResponse } from 'node:http'
import type { Clock } from '../../kit/clock.ts'
import type { EdgeId, HostId } from '../../model/ids.ts'
import type { HostMessage } from '../../protocol/edge-session.ts'
import { routingState } from '../../model/machine/machine-record.ts'
import type { MachineRow } from '../machines/machine-row.ts'

const beatMs = 2_000
/** An edge that reads this much too slowly starts over with a new session. */
const maxBufferedBytes = 4 * 1024 * 1024

export const stateMessage = (row: MachineRow): HostMessage => ({
  type: 'state',
  id: row.desired.id,
  seq: row.seq,
  state: routingState(row),
  draining: row.draining,
  endpoint: row.endpoint,
})

/** The streams to the edges that have this host's machines in their routes; one per edge, a second one replaces the first. */
export interface EdgeSessions extends Disposable {
  open(edge: EdgeId, response: ServerResponse): void
  connected(): ReadonlySet<EdgeId>
  send(message: HostMessage): void
  onLost(listener: (edge: EdgeId) => void): void
}

export function openEdgeSessions(deps: {
  readonly host: HostId
  /** New with every start of the host. */
  readonly bootId: string
  readonly clock: Clock
  readonly rows: () => Iterable<MachineRow>
}): EdgeSessions {
  const sessions = new Map<EdgeId, ServerResponse>()
  const lostListeners: ((edge: EdgeId) => void)[] = []
  let timer: Disposable | undefined
  let isClosed = false

  const write = (response: ServerResponse, message: HostMessage) => {
    if (response.writableLength > maxBufferedBytes) response.destroy()
    else response.write(`${JSON.stringify(message)}\n`)
  }
  const end = (edge: EdgeId, response: ServerResponse) => {
    if (sessions.get(edge) !== response) return
    sessions.delete(edge)
    for (const listener of lostListeners) listener(edge)
  }
  const beat = () => {
    for (const response of sessions.values()) write(response, { type: 'beat' })
    timer = deps.clock.timer(beatMs, beat)
  }
  timer = deps.clock.timer(beatMs, beat)

  return {
    open(edge, response) {
      if (isClosed) {
        response.destroy()
        return
      }
      const former = sessions.get(edge)
      if (former !== undefined) {
        end(edge, former)
        former.destroy()
      }
      response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      write(response, { type: 'hello', host: deps.host, bootId: deps.bootId })
      for (const row of deps.rows()) write(response, stateMessage(row))
      // An edge that has just started waits for this before it serves.
      write(response, { type: 'beat' })
      sessions.set(edge, response)
      response.on('close', () => end(edge, response))
      response.on('error', () => end(edge, response))
    },
    connected: () => new Set(sessions.keys()),
    send(message) {
      for (const response of sessions.values()) write(response, message)
    },
    onLost: (listener) => void lostListeners.push(listener),
    [Symbol.dispose]() {
      isClosed = true
      timer?.[Symbol.dispose]()
      for (const response of sessions.values()) response.destroy()
    },
  }
}
