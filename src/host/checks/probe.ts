import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as TlsAgent, request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import { endpointPort, type MachineEndpoint } from '../../model/machine/machine-record.ts'
import type { Check } from '../../model/service/service.ts'
import type { CheckResult } from './check-life.ts'

const keptOutputBytes = 2_048
/** No kept-alive sockets: an application counts a connection that lives as a client. */
const agent = new Agent({ keepAlive: false })
const tlsAgent = new TlsAgent({ keepAlive: false })

/** Makes one attempt; never rejects. */
export function probe(check: Check, endpoint: MachineEndpoint, signal: AbortSignal): Promise<CheckResult> {
  const port = endpointPort(endpoint, check.port)
  const limited = AbortSignal.any([signal, AbortSignal.timeout(Math.max(1, check.timeoutMs))])
  return check.type === 'http' ? probeHttp(check, endpoint.address, port, limited) : probeTcp(check, endpoint.address, port, limited)
}

const failure = (check: Check, error: Error, signal: AbortSignal): CheckResult => ({
  ok: false,
  output: signal.aborted ? `no answer within ${check.timeoutMs} ms` : `port ${check.port}: ${'code' in error ? String(error.code) : error.message}`,
})

const probeTcp = (check: Check, address: string, port: number, signal: AbortSignal) =>
  new Promise<CheckResult>((resolve) => {
    const socket = connect({ host: address, port })
    const settle = (result: CheckResult) => {
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
      resolve(result)
    }
    const onAbort = () => settle(failure(check, new Error('aborted'), signal))
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('connect', () => settle({ ok: true, output: 'Success' }))
    socket.once('error', (error) => settle(failure(check, error, signal)))
  })

/** Only 2xx passes; a redirect is a failure. */
const probeHttp = (check: Check, address: string, port: number, signal: AbortSignal) =>
  new Promise<CheckResult>((resolve) => {
    const headers: Record<string, string[]> = { 'user-agent': ['Kante health check'] }
    for (const { name, values } of check.headers) headers[name.toLowerCase()] = [...values]
    const isTls = check.protocol === 'https'
    const hostHeader = headers['host']?.[0]?.split(':')[0]
    const outgoing = (isTls ? httpsRequest : httpRequest)({
      host: address,
      port,
      method: check.method,
      path: check.path,
      headers,
      agent: isTls ? tlsAgent : agent,
      ...(isTls ? { rejectUnauthorized: check.tlsSkipVerify !== true, servername: check.tlsServerName ?? hostHeader ?? '' } : {}),
      signal,
    })
    outgoing.once('error', (error) => resolve(failure(check, error, signal)))
    outgoing.once('response', (response) => {
      readStart(response).then(
        (body) => {
          const status = response.statusCode ?? 0
          resolve({ ok: status >= 200 && status < 300, output: body === '' ? `HTTP ${status}` : `HTTP ${status}: ${body}` })
          outgoing.destroy()
        },
        (error: unknown) => resolve(failure(check, error instanceof Error ? error : new Error(String(error)), signal)),
      )
    })
    outgoing.end()
  })

async function readStart(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response) {
    text += (chunk as Buffer).toString('utf8')
    if (text.length >= keptOutputBytes) break
  }
  return text.slice(0, keptOutputBytes).trim()
}
