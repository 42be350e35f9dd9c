import { randomBytes } from 'node:crypto'
import { openProxyServer } from '../../src/edge/transport/proxy-server.ts'
import type { RequestLogEntry } from '../../src/edge/transport/proxy-contract.ts'
import { openRequestIds } from '../../src/edge/transport/request-ids.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { silentLog } from '../../src/kit/log.ts'
import { edgeBrain, staticBrain } from './brains.ts'

/** The edge as it is measured, with its own brain or a static one. Arguments: `edge` or `static`, port, back end ports. */
const [kind, ...numbers] = process.argv.slice(2)
const [port = 0, ...backends] = numbers.map(Number)

/** Like HAProxy's ring: each entry as a line in 1 MB of memory. */
const ring = Buffer.alloc(1 << 20)
let at = 0
const onRequestLog = (entry: RequestLogEntry) => {
  const line = `${entry.timeMs} ${entry.clientAddress} ${entry.requestId} ${entry.method} ${entry.host} ${entry.path} ${entry.status} ${entry.responseBodyBytes} ${entry.app} ${entry.machine} ${Math.round(entry.connectMs)}/${Math.round(entry.firstByteMs)}/${Math.round(entry.totalMs)}\n`
  if (at + line.length > ring.length) at = 0
  at += ring.write(line, at, 'latin1')
}

const brain = kind === 'static' ? staticBrain(backends) : edgeBrain(backends)
await openProxyServer(
  { brain, clock: systemClock, log: silentLog, requestIds: openRequestIds(systemClock, randomBytes, 'fra'), onRequestLog, onProxyError() {} },
  { listeners: [{ listen: { host: '127.0.0.1', port }, externalPort: 80 }], region: 'fra' },
)
process.on('SIGTERM', () => process.exit(0))
