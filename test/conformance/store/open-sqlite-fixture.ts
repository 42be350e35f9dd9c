import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../src/kit/clock.ts'
import { silentLog } from '../../../src/kit/log.ts'
import { openSqliteStore, type SqliteStoreOptions } from '../../../src/store/sqlite/open-sqlite-store.ts'
import type { StoreFixture } from './store-fixture.ts'

export interface SqliteFixture extends StoreFixture {
  readonly path: string
}

/** An embedded store in a folder of its own. */
export async function openSqliteFixture(options: Omit<SqliteStoreOptions, 'path'> = {}): Promise<SqliteFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'kante-store-'))
  const path = join(folder, 'data', 'state.db')
  const open = () => openSqliteStore({ clock: systemClock, log: silentLog }, { ...options, path })
  let store = await open()
  return {
    path,
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
