import { strict as assert } from 'node:assert'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../../src/kit/clock.ts'
import { platformPaths } from '../../../src/kit/platform-paths.ts'
import { processIdentity } from '../../../src/kit/process-identity.ts'
import { claimDataFolder, lookAtDataFolder } from '../../../src/cli/platform/data-folder.ts'
import { findDaemon } from '../../../src/cli/platform/daemon.ts'
import { answersOn, portState, prepareRunDir, refuseTakenPorts } from '../../../src/cli/platform/preflight.ts'
import { lockHome } from '../../../src/cli/platform/home-lock.ts'
import { purgePlatform } from '../../../src/cli/platform/purge.ts'
import { stopKeeper } from '../../../src/cli/platform/stop-keeper.ts'
import { endProcess, stopPlatform } from '../../../src/cli/platform/stop-platform.ts'
import { until } from '../../testkit/until.ts'

async function openHome() {
  const home = await mkdtemp(join(tmpdir(), 'kante-steps-'))
  const paths = platformPaths(home, { uid: process.getuid?.() ?? 0 })
  return { home, paths, [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }) }
}
const listen = async (server: Server, at: object) => {
  await new Promise<void>((resolve) => server.listen(at, resolve))
  return server
}

test('a data folder is ours, empty, absent or foreign, and only what we made may be deleted', async () => {
  await using at = await openHome()
  const { paths } = at
  assert.equal(await lookAtDataFolder(paths.data), 'absent')
  await claimDataFolder(paths.data, paths.home, 0)
  await claimDataFolder(paths.data, paths.home, 0)
  assert.equal(await lookAtDataFolder(paths.data), 'ours')
  const foreign = join(at.home, 'photos')
  await mkdir(foreign)
  assert.equal(await lookAtDataFolder(foreign), 'empty')
  await writeFile(join(foreign, 'one.jpg'), '')
  await assert.rejects(claimDataFolder(foreign, paths.home, 0), { code: 'foreign_data' })
  await assert.rejects(purgePlatform({ ...paths, data: foreign }), { code: 'foreign_data' })
  assert.deepEqual(await readdir(foreign), ['one.jpg'])
})

test('purge deletes data, token and key, and leaves contexts and what is not ours', async () => {
  await using at = await openHome()
  const { paths } = at
  await claimDataFolder(paths.data, paths.home, 0)
  for (const file of [paths.tokenFile, paths.masterKeyFile, paths.platformFile, paths.contextsFile, join(at.home, 'notes')])
    await writeFile(file, '{}')
  await purgePlatform(paths)
  assert.deepEqual((await readdir(at.home)).toSorted(), ['contexts.json', 'notes'])
})

test('a folder for sockets that others can open is refused', async () => {
  await using at = await openHome()
  await prepareRunDir(at.paths, process.getuid?.())
  await chmod(at.paths.runDir, 0o777)
  await assert.rejects(prepareRunDir(at.paths, process.getuid?.()), { code: 'home_unusable' })
})

test('a taken port is named with its flag; the port of a keeper that outlived its daemon is not taken', async () => {
  await using at = await openHome()
  await using edge = await listen(createServer(), { host: '127.0.0.1', port: 0 })
  const { port } = edge.address() as AddressInfo
  const region = { code: 'fra', name: 'Frankfurt', latitude: 50, longitude: 8, httpPort: port }
  await using spare = await listen(createServer(), { host: '127.0.0.1', port: 0 })
  const apiPort = (spare.address() as AddressInfo).port
  await new Promise((resolve) => spare.close(resolve))
  const file = { schema: 1, regions: [region], apiPort, dataDir: at.paths.data, domain: 'localhost', createdAt: '', idleTimeoutMs: 1 } as const
  await assert.rejects(refuseTakenPorts(file, at.paths), { code: 'port_in_use', detail: { address: '127.0.0.1', port, flag: '--http-port' } })
  await mkdir(at.paths.runDir)
  await using keeper = await listen(createServer(), { path: at.paths.host('fra').keeperSocket })
  assert.equal(await answersOn(at.paths.host('fra').keeperSocket), true)
  await refuseTakenPorts(file, at.paths)
  assert.equal(await portState('127.0.0.1', port), 'taken')
  assert.ok(keeper.listening)
})

test('a keeper is asked to shut down and waited for; where none listens there is nothing to do', async () => {
  await using at = await openHome()
  await mkdir(at.paths.runDir)
  const path = at.paths.host('fra').keeperSocket
  assert.equal(await stopKeeper(path, 1000), 'absent')
  const asked: string[] = []
  await using keeper = createServer((socket) => {
    socket.write(`${JSON.stringify({ hello: { protocol: 1 } })}\n`)
    socket.on('data', (part: Buffer) => {
      asked.push(part.toString())
      socket.write(`${JSON.stringify({ event: 'exit', exit: {} })}\n`)
      socket.end(`${JSON.stringify({ id: 1, answer: {} })}\n`)
    })
  })
  await listen(keeper, { path })
  assert.equal(await stopKeeper(path, 5000), 'ended')
  assert.deepEqual(
    asked.map((line) => JSON.parse(line) as object),
    [{ id: 1, command: 'shutdown' }],
  )
})

test('a keeper that greets but does not end in time is an error, one that does not greet is silent', async () => {
  await using at = await openHome()
  await mkdir(at.paths.runDir)
  const path = at.paths.host('fra').keeperSocket
  let greeting = '{"hello":{}}\n'
  await using keeper = createServer((socket) =>
    socket
      .on('error', () => undefined)
      .resume()
      .write(greeting),
  )
  await listen(keeper, { path })
  await assert.rejects(stopKeeper(path, 50), /did not end within/)
  greeting = ''
  assert.equal(await stopKeeper(path, 60_000, 50), 'silent')
})

test('a process is ended by SIGTERM, by SIGKILL when it ignores that, and never by a pid that is another’s now', async () => {
  const start = async (code: string) => {
    const child = spawn(process.execPath, ['-e', `${code};setInterval(() => {}, 1000);console.log('on')`], { stdio: ['ignore', 'pipe', 'ignore'] })
    await once(child.stdout, 'data')
    const identity = processIdentity(child.pid ?? 0)
    assert.ok(identity)
    return { child, identity, ended: once(child, 'exit') as Promise<[number | null, string | null]> }
  }
  const willing = await start('')
  await endProcess(willing.identity, 5000, { clock: systemClock })
  assert.deepEqual(await willing.ended, [null, 'SIGTERM'])
  const stubborn = await start(`process.on('SIGTERM', () => {})`)
  await endProcess({ ...stubborn.identity, startTime: 'another' }, 5000, { clock: systemClock })
  assert.equal(stubborn.child.exitCode, null)
  assert.equal(stubborn.child.signalCode, null)
  await endProcess(stubborn.identity, 50, { clock: systemClock })
  assert.deepEqual(await stubborn.ended, [null, 'SIGKILL'])
})

test('down with a pid file of a dead daemon and a broken platform.json still ends the keepers it finds', async () => {
  await using at = await openHome()
  const { paths } = at
  await mkdir(paths.runDir)
  await writeFile(paths.platformFile, 'broken')
  await writeFile(paths.pidFile, JSON.stringify({ pid: process.pid, startTime: 'another time' }))
  assert.equal(await findDaemon(paths), undefined)
  await using keeper = createServer((socket) => socket.on('data', () => socket.end()))
  await listen(keeper, { path: paths.host('hel').keeperSocket })
  const said: string[] = []
  const stopped = await stopPlatform({ paths, clock: systemClock, progress: (line) => said.push(line) })
  assert.deepEqual([stopped.daemon, stopped.keepers], [false, ['hel']])
  await assert.rejects(stat(paths.pidFile), { code: 'ENOENT' })
  assert.equal(await readFile(paths.platformFile, 'utf8'), 'broken')
})

test('one at a time changes a home: a second waits for the first, and a dead one’s lock is taken over', async () => {
  await using at = await openHome()
  const said: string[] = []
  const ctx = { clock: systemClock, signal: AbortSignal.timeout(10_000), progress: (line: string) => said.push(line) }
  const order: string[] = []
  const enter = async (name: string) => {
    await using _lock = await lockHome(ctx, at.home)
    order.push(`${name} in`)
    await new Promise((resolve) => setImmediate(resolve))
    order.push(`${name} out`)
  }
  await writeFile(join(at.home, 'lock'), JSON.stringify({ pid: process.pid, startTime: 'long ago' }))
  await enter('first')
  // This process stands for both: its own lock is a living one's.
  const held = await lockHome(ctx, at.home)
  const second = enter('second')
  await until('the second says that it waits', () => said.length > 0)
  assert.deepEqual(order, ['first in', 'first out'])
  await held[Symbol.asyncDispose]()
  await second
  assert.deepEqual(order, ['first in', 'first out', 'second in', 'second out'])
  assert.deepEqual(await readdir(at.home), [])
})
