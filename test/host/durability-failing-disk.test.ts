import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { systemClock } from '../../src/kit/clock.ts'
import { silentLog } from '../../src/kit/log.ts'
import { Fault } from '../../src/model/fault/fault.ts'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import { until } from '../testkit/until.ts'
import { cannotCutPower, makeImage, mount } from './durability-disk.ts'

describe('on a disk whose writes fail', async () => {
  const skip = (await cannotCutPower()) ?? false

  // The disk is an image on a small file system: once that is full, what the kernel writes back later fails, and fsync tells of it.
  test('what was acknowledged is there, and writes go on when the disk is well again', { skip }, async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'kante-failing-'))
    const [outer, inner, image] = [join(folder, 'outer'), join(folder, 'inner'), join(folder, 'outer', 'disk.img')]
    await mkdir(outer)
    await mkdir(inner)
    await using stack = new AsyncDisposableStack()
    stack.defer(() => rm(folder, { recursive: true }))
    stack.use(await mount('tmpfs', outer, ['-t', 'tmpfs', '-o', 'size=12m']))
    await makeImage(image, 64, ['mkfs.ext4', '-q', '-F', '-O', '^has_journal', '-E', 'lazy_itable_init=0'])
    await writeFile(join(outer, 'ballast'), Buffer.alloc(6 * 1024 * 1024))
    const acknowledged: string[] = []
    const faults = new Map<string, number>()
    {
      await using _ = await mount(image, inner)
      await using store = await openSqliteStore({ clock: systemClock, log: silentLog }, { path: join(inner, 'data', 'state.db') })
      const put = async (key: string): Promise<boolean> => {
        try {
          await store.transact({ compare: [], then: [{ op: 'put', key, value: key.padEnd(40_000) }] })
          acknowledged.push(key)
          return true
        } catch (error) {
          if (!(error instanceof Fault)) throw error
          faults.set(error.code, (faults.get(error.code) ?? 0) + 1)
          return false
        }
      }
      for (let index = 0; index < 400 && faults.size === 0; index += 1) await put(`before/${index}`)
      for (let index = 0; index < 20; index += 1) await put(`during/${index}`)
      assert.ok(faults.size > 0, 'the disk never failed')
      assert.ok(acknowledged.length > 10, `only ${acknowledged.length} were acknowledged`)
      await rm(join(outer, 'ballast'))
      await until('a write succeeds', () => put('after/1'))
      assert.ok(await put('after/2'))
    }
    await using _ = await mount(image, inner)
    await using store = await openSqliteStore({ clock: systemClock, log: silentLog }, { path: join(inner, 'data', 'state.db') })
    for (const key of acknowledged) assert.equal((await store.get(key))?.value.trimEnd(), key, `${key} was acknowledged and is lost`)
    context.diagnostic(`${acknowledged.length} acknowledged, ${JSON.stringify(Object.fromEntries(faults))}`)
  })
})
