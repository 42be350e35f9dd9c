import { strict as assert } from 'node:assert'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { test } from 'node:test'
import { openKeeperFixture } from './keeper-fixture.ts'

test('a run is spawned, its output kept and its exit recorded until it is acknowledged', async () => {
  await using fixture = await openKeeperFixture()
  const { keeper } = fixture
  const run = await keeper.call('spawn', fixture.request('r1', ['/bin/sh', '-c', 'echo one; echo two >&2; exit 7']))
  assert.ok(run.pid > 1)
  const exit = await fixture.exitOf('r1')
  assert.deepEqual([exit.exitCode, exit.signal, exit.cause, exit.meta['machine']], [7, 0, 'exit', 'r1'])
  const lines = (await readFile(fixture.logFile('r1'), 'utf8')).trim().split('\n')
  assert.deepEqual(lines.map((line) => (JSON.parse(line) as { message: string }).message).toSorted(), ['one', 'two'])
  assert.equal((await keeper.call('list', {})).exits.length, 1)
  await keeper.call('ackExit', { runId: 'r1' })
  assert.equal((await keeper.call('list', {})).exits.length, 0)
})

test('output and errors are kept in their order, and can be opened again by name', async () => {
  await using fixture = await openKeeperFixture()
  const script = 'echo 1; echo 2 >&2; echo 3 > /dev/stderr; echo 4 > /dev/stdout; echo 5'
  await fixture.keeper.call('spawn', fixture.request('r1', ['/bin/sh', '-c', script]))
  await fixture.exitOf('r1')
  const lines = (await readFile(fixture.logFile('r1'), 'utf8')).trim().split('\n')
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { message: string }).message),
    ['1', '2', '3', '4', '5'],
  )
})

test('many runs start at once, and each has its own output', async () => {
  await using fixture = await openKeeperFixture()
  const ids = Array.from({ length: 40 }, (_, index) => `r${index}`)
  await Promise.all(ids.map((id) => fixture.keeper.call('spawn', fixture.request(id, ['/bin/echo', id]))))
  await Promise.all(ids.map((id) => fixture.exitOf(id)))
  for (const id of ids) assert.equal((JSON.parse(await readFile(fixture.logFile(id), 'utf8')) as { message: string }).message, id)
  assert.deepEqual(
    (await readdir(fixture.dir)).filter((name) => name.startsWith('pipe-')),
    [],
  )
})

test('a command that cannot be started says why, and leaves nothing', async () => {
  await using fixture = await openKeeperFixture()
  const { keeper } = fixture
  await assert.rejects(keeper.call('spawn', fixture.request('r1', ['no-such-program'])), {
    code: 'spawn_failed',
    message: 'no-such-program was not found',
  })
  await assert.rejects(keeper.call('spawn', fixture.request('r1', ['/bin/sh'], { cwd: '/no/such/folder' })), {
    message: /folder \/no\/such\/folder does not exist/,
  })
  await assert.rejects(keeper.call('spawn', fixture.request('../r1', ['/bin/sh'])), { code: 'bad_request' })
  assert.deepEqual(await keeper.call('list', {}), { runs: [], exits: [] })
  assert.deepEqual(await readdir(`${fixture.dir}/runs`), [])
})

test('a request that is too large is refused alone', async () => {
  await using fixture = await openKeeperFixture()
  const { keeper } = fixture
  const exec = keeper.call('ping', {})
  await assert.rejects(keeper.call('spawn', fixture.request('r1', ['/bin/sh'], { env: { BIG: 'x'.repeat(3_000_000) } })), { code: 'bad_request' })
  await exec
})

test('what was acknowledged at a start is on record before it is answered', async () => {
  await using fixture = await openKeeperFixture()
  const run = await fixture.keeper.call('spawn', fixture.request('r1', ['/bin/sleep', '100']))
  const record = JSON.parse(await readFile(`${fixture.dir}/runs/r1.json`, 'utf8')) as { pid: number; startTime: string }
  assert.deepEqual([record.pid, record.startTime], [run.pid, run.startTime])
  assert.doesNotMatch(JSON.stringify(record), /PATH/)
})

test('no run is started that could not be recorded', async () => {
  await using fixture = await openKeeperFixture()
  await rm(`${fixture.dir}/runs`, { recursive: true })
  await assert.rejects(fixture.keeper.call('spawn', fixture.request('r1', ['/bin/sleep', '100'])), { code: 'internal', message: /record/ })
  assert.deepEqual((await fixture.keeper.call('list', {})).runs, [])
  await mkdir(`${fixture.dir}/runs`)
})

test('what no system could start is the fault of who asks, not of the keeper', async () => {
  await using fixture = await openKeeperFixture()
  const { keeper } = fixture
  for (const argument of ['a\0b', 'x'.repeat(200_000)])
    await assert.rejects(keeper.call('spawn', fixture.request('r1', ['/bin/echo', argument])), { code: 'spawn_failed' })
  const open = (await readdir(`/proc/${keeper.hello.pid}/fd`)).length
  for (let turn = 0; turn < 20; turn++)
    await assert.rejects(keeper.call('spawn', fixture.request('r1', ['/bin/echo', 'a\0b'])), { code: 'spawn_failed' })
  assert.ok((await readdir(`/proc/${keeper.hello.pid}/fd`)).length <= open + 2, 'descriptors are left open')
})
