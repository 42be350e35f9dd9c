import { randomBytes } from 'node:crypto'
import type { Brain, Ticket } from '../../src/edge/contract.ts'
import { openProxyServer } from '../../src/edge/transport/proxy-server.ts'
import { openRequestIds } from '../../src/edge/transport/request-ids.ts'
import type { RequestLogEntry } from '../../src/edge/transport/proxy-contract.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { silentLog } from '../../src/kit/log.ts'
import type { AppName, MachineId, RegionCode } from '../../src/model/ids.ts'

/** The edge as it is measured: real transport, a static brain with the same rules as the HAProxy config. Arguments: port, back end ports. */
const [port, ...backends] = process.argv.slice(2).map(Number)

interface Machine {
  readonly id: MachineId
  readonly port: number
  inFlight: number
}
const softLimit = 200
const hardLimit = 1000
const apps = new Map<string, Machine[]>()
for (let app = 0; app < 1000; app++) {
  apps.set(
    `app${app}.example`,
    backends.map((backend, i) => ({ id: `${app}-${i}` as MachineId, port: backend, inFlight: 0 })),
  )
}
/** Host table of 1,000 names, least loaded of four, soft and hard limit. */
const brain: Brain = {
  admit(facts) {
    const machines = apps.get(facts.hostname)
    if (machines === undefined) return { kind: 'refuse', status: 404, code: '', message: 'No app here.' }
    let best: Machine | undefined
    for (const machine of machines) {
      if (machine.inFlight >= hardLimit) continue
      if (best === undefined || machine.inFlight < best.inFlight || (best.inFlight >= softLimit && machine.inFlight < softLimit)) best = machine
    }
    if (best === undefined) return { kind: 'refuse', status: 503, code: 'PR03', message: 'All machines are busy.', retryAfterS: 1 }
    return { kind: 'go', ticket: ticketAt(best) }
  },
}
function ticketAt(machine: Machine): Ticket {
  machine.inFlight++
  return {
    app: 'bench' as AppName,
    machine: machine.id,
    region: 'fra' as RegionCode,
    address: '127.0.0.1',
    port: machine.port,
    concurrency: 'requests',
    poolKey: machine.id,
    done: () => void machine.inFlight--,
    failed: () => {
      machine.inFlight--
      return { kind: 'refuse', status: 502, code: 'PR03', message: 'No machine answers.' }
    },
  }
}

/** Like HAProxy's ring: each entry as a line in 1 MB of memory. */
const ring = Buffer.alloc(1 << 20)
let at = 0
const onRequestLog = (entry: RequestLogEntry) => {
  const line = `${entry.timeMs} ${entry.clientAddress} ${entry.requestId} ${entry.method} ${entry.host} ${entry.path} ${entry.status} ${entry.responseBodyBytes} ${entry.app} ${entry.machine} ${Math.round(entry.connectMs)}/${Math.round(entry.firstByteMs)}/${Math.round(entry.totalMs)}\n`
  if (at + line.length > ring.length) at = 0
  at += ring.write(line, at, 'latin1')
}

await openProxyServer(
  { brain, clock: systemClock, log: silentLog, requestIds: openRequestIds(systemClock, randomBytes, 'fra'), onRequestLog, onProxyError() {} },
  { listeners: [{ listen: { host: '127.0.0.1', port: port ?? 0 }, externalPort: 80 }], region: 'fra' },
)
process.on('SIGTERM', () => process.exit(0))
