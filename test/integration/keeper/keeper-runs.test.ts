import { strict as assert } from 'node:assert'
import { readFile } from 'node:fs/promises'
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
