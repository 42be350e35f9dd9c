import { openProxyServer } from '../../../src/edge/transport/proxy-server.ts'
import { systemClock } from '../../../src/kit/clock.ts'
import { silentLog } from '../../../src/kit/log.ts'
import { testedClientReads } from './open-test-proxy.ts'
import { alwaysTo } from './scripted-brain.ts'

/** An edge in a process of its own, so that its memory can be read. Tells its port, then answers each message with its resident bytes. */
const proxy = await openProxyServer(
  { brain: alwaysTo(Number(process.argv[2])), clock: systemClock, log: silentLog, requestIds: () => 'id', onRequestLog() {}, onProxyError() {} },
  { listeners: [{ listen: { host: '127.0.0.1', port: 0 }, externalPort: 80 }], region: 'fra', clientReads: testedClientReads },
)
process.on('message', () => {
  globalThis.gc?.()
  process.send?.({ residentBytes: process.memoryUsage.rss() })
})
process.send?.({ port: proxy.addresses[0]?.port })
