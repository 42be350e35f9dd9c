import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../src/kit/clock.ts'
import { silentLog } from '../../../src/kit/log.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts'
import type { StoreFixture } from './store-fixture.ts'
import { describeStore } from './store-suite.ts'

async function openFixture(): Promise<StoreFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'kante-store-'))
  const open = () => openSqliteStore({ clock: systemClock, log: silentLog }, { path: join(folder, 'state.db') })
  let store = await open()
  return {
    get store() {
      return store
    },
    async reopen() {
      await store[Symbol.asyncDispose]()
      store = await open()
      return store
    },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

describeStore('sqlite store', openFixture)
