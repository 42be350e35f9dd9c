import { strict as assert } from 'node:assert'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { writeBackup } from '../../../src/control/backup/write-backup.ts'
import { openLayerStore } from '../../../src/control/bundles/layer-store.ts'
import { systemClock } from '../../../src/kit/clock.ts'
import { silentLog } from '../../../src/kit/log.ts'
import type { Digest } from '../../../src/model/ids.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts'
import { kanteLauncher, run } from '../../testkit/command.ts'
import { cleanEnvironment } from '../../testkit/platform.ts'

const layerBytes = Buffer.alloc(700_000, 'layer')
const digest = `sha256:${createHash('sha256').update(layerBytes).digest('hex')}` as Digest
const host = (code: string, port: number) => ({
  schema: 1,
  id: code,
  region: { code, name: code.toUpperCase(), latitude: 1, longitude: 2 },
  runtime: 'process',
  address: '',
  edgeListen: [`127.0.0.1:${port}`, `[::1]:${port}`],
  createdAt: '',
})

/** A folder with a backup of a small platform, written by the real store, and a way to restore it into homes. */
async function openBackup() {
  const base = await mkdtemp(join(tmpdir(), 'kante-restore-'))
  const file = join(base, 'platform.backup')
  {
    await using store = await openSqliteStore({ clock: systemClock, log: silentLog }, { path: join(base, 'source.db') })
    const layers = await openLayerStore(join(base, 'layers'))
    async function* bytes() {
      yield layerBytes
    }
    await layers.write(digest, bytes())
    const put = (key: string, value: object) => ({ op: 'put', key, value: JSON.stringify(value) }) as const
    await store.transact({
      compare: [],
      then: [
        put('host/cdg', host('cdg', 9101)),
        put('host/muc', host('muc', 9100)),
        put(`bundle/${digest}`, { schema: 1, digest, layers: [{ digest, sizeBytes: layerBytes.length, role: 'source' }] }),
      ],
    })
    const parts: Buffer[] = []
    for await (const part of writeBackup({ store, layers, now: () => 0, version: '0.1.0' })) parts.push(part)
    await writeFile(file, Buffer.concat(parts))
  }
  let homes = 0
  return {
    file,
    home: () => join(base, `home-${homes++}`),
    restore: (home: string, args: readonly string[]) =>
      run(kanteLauncher, ['restore', ...args], { env: { ...cleanEnvironment(), KANTE_HOME: home } }),
    [Symbol.asyncDispose]: () => rm(base, { recursive: true, force: true }),
  }
}

test('a backup becomes the data of an empty home, with its layers and its regions in the order of their ports', async () => {
  await using at = await openBackup()
  const home = at.home()
  const restored = await at.restore(home, [at.file, '--json'])
  assert.equal(restored.code, 0, restored.stderr)
  assert.deepEqual(JSON.parse(restored.stdout), { createdAt: '1970-01-01T00:00:00.000Z', version: '0.1.0', layers: 1, masterKey: false })
  assert.match(restored.stderr, /^$/)
  assert.deepEqual(await readFile(join(home, 'data', 'control', 'layers', `${digest.slice(7)}.tar.gz`)), layerBytes)
  const platform = JSON.parse(await readFile(join(home, 'platform.json'), 'utf8')) as { regions: { code: string; httpPort: number }[] }
  assert.deepEqual(
    platform.regions.map((region) => [region.code, region.httpPort]),
    [
      ['muc', 9100],
      ['cdg', 9101],
    ],
  )
  await using store = await openSqliteStore({ clock: systemClock, log: silentLog }, { path: join(home, 'data', 'control', 'state.db') })
  assert.ok(await store.get(`bundle/${digest}`))
  assert.deepEqual((await readdir(home)).toSorted(), ['data', 'logs', 'platform.json'])
})

test('data that is there is never replaced, nor anybody else’s folder', async () => {
  await using at = await openBackup()
  const home = at.home()
  assert.equal((await at.restore(home, [at.file])).code, 0)
  const again = await at.restore(home, [at.file])
  assert.equal(again.code, 1)
  assert.match(again.stderr, /already holds a platform’s data/)
  const foreign = join(home, 'logs')
  await writeFile(join(foreign, 'mine'), '')
  const refused = await at.restore(at.home(), [at.file, '--data', foreign])
  assert.match(refused.stderr, /not a data folder of Kante/)
  assert.deepEqual(await readdir(foreign), ['mine'])
})

test('a damaged backup, or something else, leaves no data behind', async () => {
  await using at = await openBackup()
  const damaged = await readFile(at.file)
  damaged[damaged.length - 1000] = (damaged[damaged.length - 1000] ?? 0) ^ 0xff
  for (const [name, bytes] of [
    ['damaged', damaged],
    ['cut', damaged.subarray(0, 1000)],
    ['text', Buffer.from('hello')],
  ] as const) {
    await writeFile(`${at.file}.${name}`, bytes)
    const home = at.home()
    const refused = await at.restore(home, [`${at.file}.${name}`])
    assert.equal(refused.code, 2, name)
    assert.match(refused.stderr, /is not a backup that this version reads/)
    await assert.rejects(stat(join(home, 'data')), { code: 'ENOENT' })
  }
  assert.match((await at.restore(at.home(), ['/nonexistent/backup'])).stderr, /no such file/)
})
