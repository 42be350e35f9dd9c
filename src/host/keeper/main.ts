/**
 * The keeper of one host: `main.ts --socket PATH --dir HOSTDIR`. Parent of the host's processes, so that the daemon may die and come back.
 * Nothing but Node itself is loaded, and little of that: it runs as long as the computer, once per region. ADR 0005.
 */
import { randomUUID } from 'node:crypto'
import { createWriteStream, mkdirSync, rmSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../../kit/clock.ts'
import { openLog } from '../../kit/log.ts'
import { openLogOutput } from '../../kit/log-output.ts'
import { openKeeperHost } from './keeper-host.ts'
import { readOwner, releaseLock, takeLock } from './keeper-lock.ts'
import { keeperProtocol } from './keeper-protocol.ts'
import { serveKeeper } from './keeper-server.ts'
import { canBindWithoutAccepting } from './listening-sockets.ts'
import { bootId, readProcess } from './process-table.ts'

/** A sibling holds the lock: whoever started this one connects to that. */
const exitAlreadyKept = 3
const lockCheckMs = 3_000
const logLimitBytes = 1024 * 1024
/** Where the starter waits to read one line, when the socket answers. */
const readyDescriptor = 3

const { values } = parseArgs({ options: { socket: { type: 'string' }, dir: { type: 'string' }, warm: { type: 'boolean' } } })
// The compiled code is kept on disk, so that the compiler is not even loaded next time: 12 MB less.
flushCompileCache()
if (!values.warm) await main(values.socket ?? '', values.dir ?? '')

async function main(socket: string, dir: string) {
  const log = openLog(openLogOutput(process.stderr, { path: join(dir, 'keeper.log'), limitBytes: logLimitBytes }), () => systemClock.now())
  if (!canBindWithoutAccepting())
    throw new Error(`Node ${process.version} cannot hold listening sockets for edges; Kante needs another version of Node`)
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  if (!takeLock(dir)) process.exit(exitAlreadyKept)
  const boot = bootId()
  const host = openKeeperHost({ clock: systemClock, log }, { dir, bootId: boot })
  const hello = {
    protocol: keeperProtocol,
    keeperId: randomUUID(),
    bootId: boot,
    pid: process.pid,
    startTime: readProcess(process.pid)?.startTime ?? '',
    startedAtMs: systemClock.now(),
  }
  const leave = () => {
    rmSync(socket, { force: true })
    releaseLock(dir)
    process.exit(0)
  }
  // Its death would take every machine along: a mistake in one place must not be that.
  process.on('uncaughtException', (error) => log.error('a mistake in the keeper', { error }))
  process.on('unhandledRejection', (error) => log.error('a mistake in the keeper', { error }))
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGPIPE'] as const) process.on(signal, () => undefined)
  process.on('SIGTERM', () => void host.handle('shutdown', {}).then(leave))
  // Whoever deletes the host's folder leaves nothing that could find this process and its machines again.
  let missing = 0
  setInterval(() => {
    missing = readOwner(dir)?.pid === process.pid ? 0 : missing + 1
    // Once may be a rival's look at the lock (keeper-lock), which puts it back.
    if (missing !== 2) return
    log.warn('the folder of this keeper is gone or another’s: it ends')
    void host.handle('shutdown', {}).then(() => process.exit(0))
  }, lockCheckMs)
  await serveKeeper({ host, hello, log, onShutdown: leave }, socket)
  log.info('keeper is ready', { pid: hello.pid, keeper: hello.keeperId })
  createWriteStream('', { fd: readyDescriptor })
    .on('error', (error) => log.debug('nobody waits for this keeper', { error }))
    .end('ready\n')
}
