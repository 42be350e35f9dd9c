import { strict as assert } from 'node:assert'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { plainApp } from '../testkit/app.ts'
import { cleanEnvironment, openTestPlatform } from '../testkit/platform.ts'
import { repository, run } from '../testkit/command.ts'
import { ask } from '../testkit/http.ts'

test('the packed bundle installs globally into an empty prefix, and deploys', { timeout: 300_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kante-package-'))
  try {
    const npm = async (args: readonly string[], cwd: string) => {
      const result = await run('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd, env: cleanEnvironment(), timeoutMs: 240_000 })
      assert.equal(result.code, 0, result.stdout + result.stderr)
    }
    await npm(['pack', '--pack-destination', folder], repository)
    const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'))
    assert.ok(tarball)
    await npm(['install', '--global', '--prefix', join(folder, 'prefix'), join(folder, tarball)], folder)
    const launcher = join(folder, 'prefix', 'bin', 'kante')
    const version = await run(launcher, ['--version'], { env: { PATH: '/usr/bin:/bin', HOME: folder } })
    assert.match(version.stdout, /^kante \d+\.\d+\.\d+/)
    await using platform = await openTestPlatform({ regions: ['fra'], launcher })
    await using app = await plainApp('packed')
    await platform.kante(['apps', 'create', 'packed'])
    await platform.kante(['deploy', '--ha=false'], { cwd: app.dir })
    assert.equal((await ask({ port: platform.edgePort('fra'), host: 'packed.localhost' })).status, 200)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
