import { strict as assert } from 'node:assert'
import { readFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { test } from 'node:test'
import type { RunInfo } from '../../../src/host/keeper/keeper-protocol.ts'
import { isSameProcess } from '../../../src/host/keeper/process-table.ts'
import { until } from '../../testkit/until.ts'
import { openKeeperFixture, type KeeperFixture } from './keeper-fixture.ts'

/** Answers each connection with its pid; the word `die` kills it. */
const echo = `const net = require('net')
  const server = net.createServer((socket) => { socket.on('data', (data) => String(data) === 'die' ? process.kill(process.pid, 'SIGKILL') : socket.end(String(process.pid))) })
  server.listen({ fd: 3 })`

const service = (fixture: KeeperFixture, source = echo, port = 0) =>
  fixture.request('edge', fixture.program(source), { kind: 'service', listen: [{ address: '127.0.0.1', port }], respawn: { minMs: 10, maxMs: 100 } })
const portOf = (run: RunInfo) => run.listen[0]?.port ?? 0

const ask = (port: number, text: string) =>
  new Promise<string>((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.on('data', (data) => (answer += String(data)))
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })

test('a service that dies is started anew on the same socket, and a connection made meanwhile waits for it', async () => {
  await using fixture = await openKeeperFixture()
  const { keeper } = fixture
  const run = await keeper.call('spawn', service(fixture))
  const port = portOf(run)
  const respawned = new Promise<RunInfo>((resolve) => keeper.onRespawn(resolve))
  await until('it listens', () => ask(port, 'hello').then(Number))
  await ask(port, 'die').catch(() => '')
  const answer = await ask(port, 'hello')
  const again = await respawned
  assert.equal(Number(answer), again.pid)
  assert.notEqual(again.pid, run.pid)
  assert.equal(again.restarts, 1)
})

test('an end that overtakes the start waits for it', async () => {
  await using fixture = await openKeeperFixture()
  const { keeper } = fixture
  const started = keeper.call('spawn', fixture.request('r1', fixture.program('setInterval(() => {}, 1000)')))
  await keeper.call('end', { runId: 'r1', signal: 'SIGTERM', timeoutMs: 1_000 })
  const run = await started
  assert.equal(isSameProcess(run.pid, run.startTime), false)
  assert.deepEqual(
    (await keeper.call('list', {})).exits.map((exit) => exit.runId),
    ['r1'],
  )
})

test('a service that always fails is tried at growing intervals', async () => {
  await using fixture = await openKeeperFixture()
  const pids: number[] = []
  const times: number[] = []
  fixture.keeper.onRespawn((run) => {
    pids.push(run.pid)
    times.push(performance.now())
  })
  await fixture.keeper.call('spawn', service(fixture, 'process.exit(1)'))
  await until('five tries', () => times.length >= 5)
  const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0))
  assert.ok((pauses[3] ?? 0) >= 80, `pauses ${pauses.map(Math.round).join(' ')}`)
  assert.equal(new Set(pids).size, pids.length)
})

test('a service that is ended stays ended, and its next run takes over the socket', async () => {
  await using fixture = await openKeeperFixture()
  const { keeper } = fixture
  const first = await keeper.call('spawn', service(fixture))
  await keeper.call('end', { runId: 'edge', signal: 'SIGTERM', timeoutMs: 1_000 })
  assert.equal(isSameProcess(first.pid, first.startTime), false)
  assert.deepEqual(await keeper.call('list', {}), { runs: [], exits: [] })
  const second = await keeper.call('spawn', service(fixture))
  assert.equal(portOf(second), portOf(first))
})

test('a port that another program has is refused by name', async () => {
  await using first = await openKeeperFixture()
  await using second = await openKeeperFixture()
  const run = await first.keeper.call('spawn', service(first))
  await until('it listens', () => ask(portOf(run), 'hello').then(Number))
  await assert.rejects(second.keeper.call('spawn', service(second, echo, portOf(run))), {
    code: 'address_in_use',
    message: /127\.0\.0\.1:\d+ is in use/,
  })
  assert.deepEqual((await second.keeper.call('list', {})).runs, [])
})

test('shutdown ends machines before services, each by its own signal, and then the keeper', async () => {
  await using fixture = await openKeeperFixture()
  const { keeper } = fixture
  const say = (word: string, signal: string) =>
    fixture.program(
      `process.on('${signal}', () => { require('fs').appendFileSync('order', '${word} '); process.exit(0) }); setInterval(() => {}, 1000); console.log('ready')`,
    )
  const stop = { signal: 'SIGINT', timeoutMs: 2_000 }
  await keeper.call('spawn', fixture.request('m1', say('machine', 'SIGINT'), { stop }))
  await keeper.call('spawn', fixture.request('s1', say('service', 'SIGTERM'), { kind: 'service', respawn: { minMs: 10, maxMs: 10 } }))
  await keeper.call(
    'spawn',
    fixture.request('m2', fixture.program(`process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('ready')`), {
      stop: { signal: 'SIGTERM', timeoutMs: 100 },
    }),
  )
  for (const id of ['m1', 'm2', 's1'])
    await until(`${id} is ready`, async () => (await readFile(fixture.logFile(id), 'utf8').catch(() => '')).includes('ready'))
  const { pid, startTime } = keeper.hello
  const causes = new Map<string, string>()
  keeper.onExit((exit) => causes.set(exit.runId, `${exit.cause} ${exit.exitCode}`))
  await keeper.call('shutdown', {})
  assert.equal(await readFile(`${fixture.dir}/order`, 'utf8'), 'machine service ')
  await until('the keeper is gone', () => !isSameProcess(pid, startTime))
  assert.deepEqual(Object.fromEntries(causes), { m1: 'shutdown 0', m2: 'shutdown 137', s1: 'shutdown 0' })
})
