import { strict as assert } from 'node:assert'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { runMarker } from '../../../src/host/keeper/end-processes.ts'
import { listProcesses, readProcess, wasStartedWith } from '../../../src/host/keeper/process-table.ts'
import { endOrphans } from '../../../src/host/keeper/orphans.ts'
import { until } from '../../testkit/until.ts'
import { openKeeperFixture } from './keeper-fixture.ts'

const isAlive = (pid: number) => readProcess(pid)?.isZombie === false
const idle = 'setInterval(() => {}, 1000)'

test('a keeper that is killed is noticed, its orphans end, and a new one stands', async () => {
  await using fixture = await openKeeperFixture()
  const { keeper } = fixture
  const told: string[] = []
  keeper.onLost(() => told.push('lost'))
  const back = Promise.withResolvers<void>()
  keeper.onBack(() => {
    told.push('back')
    back.resolve()
  })
  const { pid } = await keeper.call('spawn', fixture.request('r1', fixture.program(`process.on('SIGTERM', () => {}); ${idle}`)))
  const old = keeper.hello
  process.kill(old.pid, 'SIGKILL')
  await back.promise
  assert.deepEqual(told, ['lost', 'back'])
  assert.notEqual(keeper.hello.keeperId, old.keeperId)
  assert.equal(isAlive(pid), false)
  assert.deepEqual(await keeper.call('list', {}), { runs: [], exits: [] })
  await keeper.call('spawn', fixture.request('r2', ['/bin/sh', '-c', 'exit 3']))
  assert.equal((await fixture.exitOf('r2')).exitCode, 3)
})

test('exits that nobody acknowledged outlive the keeper', async () => {
  await using fixture = await openKeeperFixture()
  const { keeper } = fixture
  await keeper.call('spawn', fixture.request('r1', ['/bin/sh', '-c', 'exit 6']))
  await fixture.exitOf('r1')
  const back = new Promise<void>((resolve) => keeper.onBack(resolve))
  process.kill(keeper.hello.pid, 'SIGKILL')
  await back
  assert.deepEqual(
    (await keeper.call('list', {})).exits.map((exit) => [exit.runId, exit.exitCode]),
    [['r1', 6]],
  )
})

test('a call that the keeper’s death cuts off is rejected as lost', async () => {
  await using fixture = await openKeeperFixture()
  const { keeper } = fixture
  await keeper.call('spawn', fixture.request('r1', fixture.program(`process.on('SIGTERM', () => {}); ${idle}`)))
  const ending = keeper.call('end', { runId: 'r1', signal: 'SIGTERM', timeoutMs: 60_000 })
  const rejected = assert.rejects(ending, { code: 'lost' })
  process.kill(keeper.hello.pid, 'SIGKILL')
  await rejected
})

test('orphans are found by their records, and a reused pid is spared', async () => {
  await using fixture = await openKeeperFixture()
  const { keeper, dir } = fixture
  const { pid } = await keeper.call('spawn', fixture.request('r1', ['/bin/sh', '-c', 'sleep 1000 & setsid sleep 1000 & wait']))
  const boot = keeper.hello.bootId
  // A record whose pid is now this very process, which started at another time.
  await writeFile(
    join(dir, 'runs', 'foreign.json'),
    JSON.stringify({ runId: 'foreign', kind: 'machine', bootId: boot, pid: process.pid, startTime: '1' }),
  )
  const keeperPid = keeper.hello.pid
  await keeper[Symbol.asyncDispose]()
  process.kill(keeperPid, 'SIGKILL')
  await until('the keeper is dead', () => !isAlive(keeperPid))
  const ended = await endOrphans(dir)
  assert.equal(ended.ended, 2)
  assert.equal(isAlive(pid), false)
  assert.deepEqual(await readdir(join(dir, 'runs')), [])
})

test('orphans are left alone while their keeper lives', async () => {
  await using fixture = await openKeeperFixture()
  const { pid } = await fixture.keeper.call('spawn', fixture.request('r1', fixture.program(idle)))
  assert.deepEqual(await endOrphans(fixture.dir), { ended: 0 })
  assert.equal(isAlive(pid), true)
})

test('a program ends with all that it started, also what left its group', async () => {
  await using fixture = await openKeeperFixture()
  const { keeper } = fixture
  const source = `const { spawn } = require('child_process')
    const away = spawn('/bin/sh', ['-c', 'setsid sleep 1000 & setsid sleep 1000 & sleep 0.1'], { detached: true, stdio: ['ignore', 'inherit', 'inherit'] })
    away.on('exit', () => { console.log('away'); process.exit(0) })`
  await keeper.call('spawn', fixture.request('r1', fixture.program(source)))
  const startedAt = performance.now()
  await fixture.exitOf('r1')
  // What held the pipes open is gone: the exit did not wait for it.
  assert.ok(performance.now() - startedAt < 3_000)
  const [name, value] = Object.entries(runMarker(fixture.dir, 'r1'))[0] ?? []
  assert.deepEqual(
    listProcesses().filter((row) => !row.isZombie && wasStartedWith(row.pid, `${name}=${value}`)),
    [],
  )
})

test('two daemons that start a keeper at the same time share one', async () => {
  await using fixture = await openKeeperFixture()
  await fixture.keeper.call('shutdown', {}).catch(() => undefined)
  const both = await Promise.all([fixture.connect(), fixture.connect(), fixture.connect()])
  assert.equal(new Set(both.map((keeper) => keeper.hello.keeperId)).size, 1)
  for (const keeper of both) await keeper[Symbol.asyncDispose]()
})

test('every client hears of an exit, and one that left changes nothing', async () => {
  await using fixture = await openKeeperFixture()
  const second = await fixture.connect()
  const heard = new Promise<string>((resolve) => second.onExit((exit) => resolve(exit.runId)))
  await fixture.keeper.call('spawn', fixture.request('r1', ['/bin/sh', '-c', 'sleep 0.2']))
  const third = await fixture.connect()
  await third[Symbol.asyncDispose]()
  assert.equal(await heard, 'r1')
  await second[Symbol.asyncDispose]()
})

test('a keeper whose folder is deleted ends with all it runs', async () => {
  await using fixture = await openKeeperFixture()
  const { keeper, dir } = fixture
  const run = await keeper.call('spawn', fixture.request('r1', fixture.program(idle)))
  const { pid } = keeper.hello
  await keeper[Symbol.asyncDispose]()
  await rm(dir, { recursive: true })
  await until('the keeper is gone', () => !isAlive(pid), 15_000)
  assert.equal(isAlive(run.pid), false)
})
