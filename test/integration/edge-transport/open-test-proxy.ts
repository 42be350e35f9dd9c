import type { ClientReads } from '../../../src/edge/transport/client-listener.ts'
import { openProxyServer } from '../../../src/edge/transport/proxy-server.ts'
import type { ProxyError, ProxyLimits, ProxyServer, ProxyTimeouts, RequestLogEntry } from '../../../src/edge/transport/proxy-contract.ts'
import { systemClock } from '../../../src/kit/clock.ts'
import { openLog } from '../../../src/kit/log.ts'
import { RawSocket } from './raw-socket.ts'
import type { ScriptedBrain } from './scripted-brain.ts'

export interface TestProxy extends AsyncDisposable {
  readonly server: ProxyServer
  readonly port: number
  readonly brain: ScriptedBrain
  readonly requestLog: RequestLogEntry[]
  readonly errors: ProxyError[]
  client(): Promise<RawSocket>
  /** Polls until the condition holds. */
  eventually(condition: () => boolean, what: string): Promise<void>
}

/** The suite runs once more as if this Node.js gave no handles (client-reads.test.ts). */
export const testedClientReads: ClientReads = process.env['KANTE_TEST_CLIENT_READS'] === 'events' ? 'events' : 'buffers'

/** A proxy on a free port with a scripted brain. When it is disposed, no ticket may be open. */
export async function openTestProxy(
  brain: ScriptedBrain,
  timeouts: Partial<ProxyTimeouts> = {},
  limits: Partial<ProxyLimits> = {},
): Promise<TestProxy> {
  const requestLog: RequestLogEntry[] = []
  const errors: ProxyError[] = []
  let ids = 0
  const server = await openProxyServer(
    {
      brain,
      clock: systemClock,
      log: openLog((line) => process.stderr.write(line), Date.now, 'warn'),
      requestIds: () => `id-${++ids}`,
      onRequestLog: (entry) => requestLog.push(entry),
      onProxyError: (error) => errors.push(error),
    },
    { listeners: [{ listen: { host: '127.0.0.1', port: 0 }, externalPort: 80 }], region: 'fra', timeouts, limits, clientReads: testedClientReads },
  )
  const port = server.addresses[0]?.port ?? 0
  return {
    server,
    port,
    brain,
    requestLog,
    errors,
    client: () => RawSocket.to(port),
    eventually,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      if (brain.open !== 0 || server.stats().inFlight !== 0)
        throw new Error(`${brain.open} tickets and ${server.stats().inFlight} requests are still open`)
    },
  }
}

export async function eventually(condition: () => boolean, what: string, deadlineMs = 5000): Promise<void> {
  const deadline = Date.now() + deadlineMs
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
