import type { EdgeId, HostId } from '../../model/ids.ts'
import type { WakeRequest } from '../../protocol/edge-session.ts'
import type { WakeFailure } from '../admission/refusals.ts'
import { endpoint, integer, object } from '../feed/route-message.ts'
import type { UnixHttp } from '../feed/unix-http.ts'
import type { WakeAsk, WakeResult } from './wakes.ts'

/** The host answers by its deadline; so much later it counts as gone. */
const graceMs = 2_000

/** `POST /v1/edge/wake`, once. Never rejects. */
export const wakeCall =
  (edge: EdgeId, http: UnixHttp, addressOf: (host: HostId) => string | undefined) =>
  async (ask: WakeAsk, signal: AbortSignal): Promise<WakeResult> => {
    const address = addressOf(ask.host)
    if (address === undefined) return { kind: 'unreachable', message: `no address of host ${ask.host} is known` }
    const body: WakeRequest = { edge, machine: ask.machine, internalPort: ask.internalPort, deadlineMs: ask.deadlineMs }
    const result = await http.post(address, '/v1/edge/wake', body, { timeoutMs: ask.deadlineMs + graceMs, signal })
    if (result.kind === 'unreachable') return { kind: 'unreachable', message: `host ${ask.host} does not answer: ${result.reason}` }
    try {
      const json = object('wake reply', result.body)
      if (result.status === 200) return { kind: 'woken', reply: { seq: integer('seq', json['seq']), endpoint: endpoint(json['endpoint']) } }
      const message = typeof json['error'] === 'string' ? json['error'] : `status ${result.status}`
      return { kind: kindOf(result.status, json['status']), message }
    } catch (error) {
      return { kind: 'failed', message: error instanceof Error ? error.message : String(error) }
    }
  }

function kindOf(status: number, code: unknown): WakeFailure['kind'] {
  if (code === 'not_listening') return 'not-listening'
  if (code === 'wake_timeout' || status === 408) return 'timeout'
  if (code === 'wake_refused' || code === 'machine_state') return 'refused'
  // A host that is starting or ending says 503: it will be there again.
  return status === 503 ? 'unreachable' : 'failed'
}
