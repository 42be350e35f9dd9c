import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stopPlatform } from '../../../src/cli/platform/stop-platform.ts'
import { stopKeeper } from '../../../src/cli/platform/stop-keeper.ts'
import { systemClock } from '../../../src/kit/clock.ts'
import { platformPaths } from '../../../src/kit/platform-paths.ts'
import { openKeeper } from '../../../src/host/keeper/keeper-client.ts'
import { silentLog } from '../../../src/kit/log.ts'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isSameProcess, processIdentity } from '../../../src/kit/process-identity.ts'

test('down does not wait for a frozen keeper: it and what it ran are ended', async () => {
  const home = await mkdtemp(join(tmpdir(), 'kante-d-'))
  const paths = platformPaths(home, { uid: process.getuid?.() ?? 0 })
  const { dir, keeperSocket } = paths.host('fra')
  await mkdir(paths.runDir, { recursive: true, mode: 0o700 })
  try {
    const keeper = await openKeeper({ clock: systemClock, log: silentLog }, { dir, socket: keeperSocket, nodePath: process.execPath })
    const run = await keeper.call('spawn', {
      runId: 'r1',
      kind: 'machine',
      argv: ['/bin/sleep', '1000'],
      cwd: '/',
      env: {},
      log: { file: join(dir, 'logs', 'r1'), format: 'ndjson' },
      meta: {},
      stop: { signal: 'SIGTERM', timeoutMs: 1_000 },
    })
    await keeper[Symbol.asyncDispose]()
    const program = processIdentity(run.pid)
    const frozen = processIdentity(keeper.hello.pid)
    assert.ok(program && frozen)
    process.kill(frozen.pid, 'SIGSTOP')
    assert.equal(await stopKeeper(keeperSocket, 60_000, 100), 'silent')
    const stopped = await stopPlatform({ paths, clock: systemClock, progress: () => undefined })
    assert.deepEqual(stopped.keepers, ['fra'])
    assert.equal(isSameProcess(program), false)
    assert.equal(isSameProcess(frozen), false)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
})
