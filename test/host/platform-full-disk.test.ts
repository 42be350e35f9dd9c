import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { plainApp } from '../testkit/app.ts'
import { ask } from '../testkit/http.ts'
import { openTestPlatform } from '../testkit/platform.ts'
import { until } from '../testkit/until.ts'

const run = promisify(execFile)
const isRoot = process.getuid?.() === 0 && process.platform === 'linux'

test(
  'a platform whose disk is full goes on, says so, and is well again when there is room',
  { skip: isRoot ? false : 'needs root, to mount a small disk' },
  async () => {
    const disk = await mkdtemp(join(tmpdir(), 'kante-full-'))
    await run('mount', ['-t', 'tmpfs', '-o', 'size=112m', 'tmpfs', disk])
    try {
      await using platform = await openTestPlatform({ regions: ['fra'], home: join(disk, 'home') })
      await using app = await plainApp('thirsty', { check: false })
      await platform.kante(['apps', 'create', 'thirsty'])
      await platform.kante(['deploy', '--ha=false'], { cwd: app.dir })
      const question = { port: platform.edgePort('fra'), host: 'thirsty.localhost' }
      const served = async () => {
        const answer = await ask(question)
        return answer.status === 200 ? (JSON.parse(answer.body) as { readonly pid: number }) : undefined
      }
      const before = (await served())?.pid
      assert.ok(before)
      const daemon = await platform.daemonPid()
      const filling = join(disk, 'filling')
      await assert.rejects(writeFile(filling, Buffer.alloc(128 * 1024 * 1024)), { code: 'ENOSPC' })

      assert.equal((await ask(question)).status, 200)
      const refused = await platform.kante(['apps', 'create', 'one-more'], { mayFail: true })
      assert.equal(refused.code, 1)
      assert.match(refused.stderr, /full/)
      // Whether it can be started again depends on the last few bytes; in no case may it stay failed.
      await ask({ ...question, path: '/exit?code=3', timeoutMs: 2_000 }).catch(() => undefined)
      await rm(filling)
      await until('the app answers again, from a new process', async () => ![undefined, before].includes((await served())?.pid), 30_000)
      await platform.kante(['apps', 'create', 'one-more'])
      assert.equal(await platform.daemonPid(), daemon)
      await assert.rejects(writeFile(filling, Buffer.alloc(128 * 1024 * 1024)), { code: 'ENOSPC' })
      await platform.down()
    } finally {
      await run('umount', ['-l', disk])
      await rm(disk, { recursive: true, force: true })
    }
  },
)
