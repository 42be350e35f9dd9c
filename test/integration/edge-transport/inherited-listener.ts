import { openProxyServer } from '../../../src/edge/transport/proxy-server.ts'
import { systemClock } from '../../../src/kit/clock.ts'
import { silentLog } from '../../../src/kit/log.ts'
import { alwaysTo } from './scripted-brain.ts'

/** An edge process on the listening socket that it inherited as fd 3; the argument is the app's port. */
await openProxyServer(
  { brain: alwaysTo(Number(process.argv[2])), clock: systemClock, log: silentLog, requestIds: () => 'id', onRequestLog() {}, onProxyError() {} },
  { listeners: [{ listen: { fd: 3 }, externalPort: 80 }], region: 'fra' },
)
process.stdout.write('ready\n')
