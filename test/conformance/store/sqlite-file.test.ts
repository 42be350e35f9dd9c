import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { systemClock } from '../../../src/kit/clock.ts'
import { silentLog } from '../../../src/kit/log.ts'
import { isFault, type FaultCode } from '../../../src/model/fault/fault.ts'
import { everything } from '../../../src/store/contract.ts'
import { openSqliteEngine } from '../../../src/store/sqlite/engine.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts'
import { openSqliteFixture } from './open-sqlite-fixture.ts'
import { eventsOf, put, write } from './store-fixture.ts'

const deps = { clock: systemClock, log: silentLog }
const refuses = (path: string, code: FaultCode) => assert.rejects(openSqliteStore(deps, { path }), (error) => isFault(error, code))

describe('the file of the sqlite store', () => {
  test('is open once: a second open is refused, in this process and in another', async () => {
    await using fixture = await openSqliteFixture()
    await refuses(fixture.path, 'store_in_use')
    const script = `
      const { openSqliteStore } = await import(${JSON.stringify(new URL('../../../src/store/sqlite/open-sqlite-store.ts', import.meta.url).href)})
      const { systemClock } = await import(${JSON.stringify(new URL('../../../src/kit/clock.ts', import.meta.url).href)})
      try { await openSqliteStore({ clock: systemClock }, { path: process.argv[1] }); console.log('opened') } catch (error) { console.log(error.code) }
    `
    const other = spawnSync(process.execPath, ['--input-type=module', '-e', script, fixture.path], { encoding: 'utf8' })
    assert.equal(other.stdout.trim(), 'store_in_use', other.stderr)
    await refuses(fixture.path, 'store_in_use')
    await write(fixture.store, put('still', 'usable'))
    const store = await fixture.reopen()
    assert.ok(await store.get('still'))
  })

  test('belongs to its owner alone', async () => {
    await using fixture = await openSqliteFixture()
    assert.equal((await stat(fixture.path)).mode & 0o777, 0o600)
    assert.equal((await stat(`${fixture.path}-wal`)).mode & 0o777, 0o600)
  })

  test('of another program or a newer version is refused and left as it is', async () => {
    await using fixture = await openSqliteFixture()
    const text = join(fixture.path, '..', 'text.db')
    await writeFile(text, 'this is no database, but it is long enough to be looked at closely'.repeat(20))
    await refuses(text, 'foreign_data')

    const foreign = join(fixture.path, '..', 'foreign.db')
    const other = new DatabaseSync(foreign)
    other.exec('CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)')
    other.close()
    await refuses(foreign, 'foreign_data')
    const again = new DatabaseSync(foreign)
    assert.equal(again.prepare('SELECT count(*) AS n FROM theirs').get()?.['n'], 1)
    again.close()

    await fixture.store[Symbol.asyncDispose]()
    const newer = new DatabaseSync(fixture.path)
    newer.exec("UPDATE meta SET value = 2 WHERE name = 'schema'")
    newer.close()
    await refuses(fixture.path, 'foreign_data')
    await assert.rejects(openSqliteStore(deps, { path: fixture.path }), /schema version 2/)
  })

  test('forgets old revisions by itself, by count and by size, and stays small', async () => {
    await using counted = await openSqliteFixture({ history: { revisions: 100 } })
    for (let index = 0; index < 500; index += 1) {
      await counted.store.transact({ compare: [], then: [put('k', `${index}`)] }, { durability: 'buffered' })
    }
    assert.equal((await eventsOf(counted.store, everything, 401, 500)).length, 100)
    await assert.rejects(eventsOf(counted.store, everything, 300, 500), /compacted/)

    await using sized = await openSqliteFixture({ history: { bytes: 1_000_000 } })
    for (let index = 0; index < 200; index += 1) await write(sized.store, put('k', `${index}`.padEnd(50_000)))
    await assert.rejects(eventsOf(sized.store, everything, 100, 200), /compacted/)
    assert.ok((await eventsOf(sized.store, everything, 185, 200)).length === 16)
    await sized.reopen()
    assert.ok((await stat(sized.path)).size < 4_000_000)
  })

  test('is replaced by a complete copy that a process left when it died while replacing it', async () => {
    await using fixture = await openSqliteFixture()
    await write(fixture.store, put('k', 'copied'))
    await fixture.store[Symbol.asyncDispose]()
    await copyFile(fixture.path, `${fixture.path}.new`)
    const before = new DatabaseSync(fixture.path)
    before.exec("PRAGMA wal_autocheckpoint = 0; UPDATE entry SET value = 'lost by the disk'")
    await copyFile(`${fixture.path}-wal`, `${fixture.path}-wal.kept`)
    before.close()
    await rename(`${fixture.path}-wal.kept`, `${fixture.path}-wal`)
    const store = await fixture.reopen()
    assert.equal((await store.get('k'))?.value, 'copied')
    await assert.rejects(stat(`${fixture.path}.new`), { code: 'ENOENT' })
  })

  test('several stores share a thread and stay apart', async () => {
    await using fixture = await openSqliteFixture()
    await using engine = openSqliteEngine()
    const paths = ['a', 'b', 'c', 'd'].map((name) => join(fixture.path, '..', `${name}.db`))
    const stores = await Promise.all(paths.map((path) => openSqliteStore({ ...deps, engine }, { path })))
    await Promise.all(stores.map((store, index) => Promise.all(Array.from({ length: 50 }, (_, n) => write(store, put(`k/${n}`, `${index}`))))))
    for (const [index, store] of stores.entries()) {
      const { entries, revision } = await store.range(everything)
      assert.equal(revision, 50)
      assert.ok(entries.length === 50 && entries.every((entry) => entry.value === `${index}`))
    }
    await stores[0]?.[Symbol.asyncDispose]()
    assert.equal((await stores[1]?.get('k/1'))?.value, '1')
    await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()))
  })

  test('when the thread goes away, what waits fails with store_unavailable, watches too', async () => {
    await using fixture = await openSqliteFixture()
    const engine = openSqliteEngine()
    const store = await openSqliteStore({ ...deps, engine }, { path: join(fixture.path, '..', 'other.db') })
    const watch = store.watch({ range: everything, signal: new AbortController().signal })[Symbol.asyncIterator]()
    const isUnavailable = (error: unknown) => isFault(error, 'store_unavailable')
    const failing = Promise.all([assert.rejects(watch.next(), isUnavailable), assert.rejects(write(store, put('k', '')), isUnavailable)])
    await engine[Symbol.asyncDispose]()
    await failing
    await assert.rejects(store.get('k'), isUnavailable)
  })
})
