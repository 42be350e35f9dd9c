import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { systemClock } from '../../src/kit/clock.ts'
import { silentLog } from '../../src/kit/log.ts'
import { isFault } from '../../src/model/fault/fault.ts'
import { everything } from '../../src/store/contract.ts'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import { mount } from './durability-disk.ts'

const skip = process.getuid?.() === 0 ? false : 'needs root to mount a small disk'

async function smallDisk(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'kante-small-'))
  const mounted = await mount('tmpfs', path, ['-t', 'tmpfs', '-o', 'size=4m'])
  return {
    path,
    async [Symbol.asyncDispose]() {
      await mounted[Symbol.asyncDispose]()
      await rm(path, { recursive: true })
    },
  }
}

describe('on a full disk', () => {
  test('writes fail with store_full, reads go on, and freed space is used again', { skip }, async () => {
    await using disk = await smallDisk()
    const ballast = join(disk.path, 'ballast')
    await writeFile(ballast, Buffer.alloc(2 * 1024 * 1024))
    const options = { path: join(disk.path, 'data', 'state.db') }
    const deps = { clock: systemClock, log: silentLog }
    const acknowledged: string[] = []
    {
      await using store = await openSqliteStore(deps, options)
      const put = async (key: string) => {
        await store.transact({ compare: [], then: [{ op: 'put', key, value: 'x'.repeat(20_000) }] })
        acknowledged.push(key)
      }
      await assert.rejects(
        async () => {
          for (let index = 0; index < 1000; index += 1) await put(`k/${index}`)
        },
        (error) => isFault(error, 'store_full'),
      )
      assert.ok(acknowledged.length > 10, `only ${acknowledged.length} fitted`)
      await assert.rejects(put('group/1'), (error) => isFault(error, 'store_full'))
      assert.equal((await store.range(everything)).entries.length, acknowledged.length)
      assert.equal(await store.revision(), acknowledged.length)
      await rm(ballast)
      await Promise.all([put('after/1'), put('after/2')])
    }
    await using store = await openSqliteStore(deps, options)
    const { entries } = await store.range(everything)
    assert.deepEqual(
      entries.map((entry) => entry.key),
      acknowledged.toSorted(),
    )
  })

  test('a store that cannot even be made says store_full', { skip }, async () => {
    await using disk = await smallDisk()
    await writeFile(join(disk.path, 'ballast'), Buffer.alloc(4 * 1024 * 1024)).catch((error: unknown) => {
      assert.ok(error instanceof Error && 'code' in error && error.code === 'ENOSPC')
    })
    await assert.rejects(openSqliteStore({ clock: systemClock, log: silentLog }, { path: join(disk.path, 'state.db') }), (error) =>
      isFault(error, 'store_full'),
    )
  })
})
