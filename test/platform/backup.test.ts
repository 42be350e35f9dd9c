import { strict as assert } from 'node:assert'
import { readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { plainApp } from '../testkit/app.ts'
import { ask } from '../testkit/http.ts'
import { openTestPlatform } from '../testkit/platform.ts'
import { until } from '../testkit/until.ts'

test('a backup and the exported keys bring the apps back on an empty computer', async () => {
  const backup = join(tmpdir(), `kante-backup-${process.pid}`)
  const key = join(tmpdir(), `kante-key-${process.pid}`)
  await using app = await plainApp('kept')
  try {
    let machine = ''
    {
      await using first = await openTestPlatform({ regions: ['fra', 'cdg'] })
      await first.kante(['apps', 'create', 'kept'])
      await first.kante(['deploy', '--ha=false'], { cwd: app.dir })
      machine = (JSON.parse((await ask({ port: first.edgePort('fra'), host: 'kept.localhost' })).body) as { machine: string }).machine
      await first.kante(['backup', backup])
      await first.kante(['keys', 'export', key])
      const masterKey = (await readFile(join(first.home, 'master.key'), 'utf8')).trim()
      assert.equal((await readFile(backup)).includes(masterKey), false, 'the master key is in the backup')
      assert.equal((await stat(key)).mode & 0o777, 0o600)
    }
    await using second = await openTestPlatform({ regions: ['fra', 'cdg'], start: false })
    await second.kante(['keys', 'import', key])
    await second.kante(['restore', backup])
    await second.up()
    const answer = await until('the app answers', async () => {
      const found = await ask({ port: second.edgePort('cdg'), host: 'kept.localhost' })
      return found.status === 200 && found
    })
    assert.equal((JSON.parse(answer.body) as { machine: string }).machine, machine)
    const damaged = await readFile(backup)
    damaged[Math.floor(damaged.length / 2)]! ^= 0xff
    await using third = await openTestPlatform({ start: false })
    const { writeFile } = await import('node:fs/promises')
    await writeFile(`${backup}.damaged`, damaged)
    const refused = await third.kante(['restore', `${backup}.damaged`], { mayFail: true })
    assert.notEqual(refused.code, 0)
    await assert.rejects(stat(join(third.home, 'data', 'control', 'state.db')), /ENOENT/)
  } finally {
    for (const file of [backup, key, `${backup}.damaged`]) await rm(file, { force: true })
  }
})
