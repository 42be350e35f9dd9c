import { randomBytes } from 'node:crypto'
import { openRequestLog } from '../../src/edge/request-log/open-request-log.ts'
import { openProxyServer } from '../../src/edge/transport/proxy-server.ts'
import { openRequestIds } from '../../src/edge/transport/request-ids.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { silentLog } from '../../src/kit/log.ts'
import { edgeBrain, staticBrain } from './brains.ts'

/** The edge as it is measured, with its own brain or a static one. Arguments: `edge` or `static`, request log's file, port, back end ports. */
const [kind, logFile = '', ...numbers] = process.argv.slice(2)
const [port = 0, ...backends] = numbers.map(Number)

const requests = openRequestLog({ clock: systemClock, log: silentLog }, logFile, 'bench')
const brain = kind === 'static' ? staticBrain(backends) : edgeBrain(backends)
await openProxyServer(
  {
    brain,
    clock: systemClock,
    log: silentLog,
    requestIds: openRequestIds(systemClock, randomBytes, 'fra'),
    onRequestLog: (entry) => requests.add(entry),
    onProxyError() {},
  },
  { listeners: [{ listen: { host: '127.0.0.1', port }, externalPort: 80 }], region: 'fra' },
)
process.on('SIGTERM', () => process.exit(0))
