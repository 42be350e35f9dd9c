import { systemClock } from '../../src/kit/clock.ts'
import { silentLog } from '../../src/kit/log.ts'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import { clients, writeOf } from './durability-ledger.ts'

/** Writes to the store at argv[2] until it is killed, and tells of each acknowledged durable write by a line "client sequence". */
const [path = '', syncWrites = 'true'] = process.argv.slice(2)
const store = await openSqliteStore({ clock: systemClock, log: silentLog }, { path, syncWrites: syncWrites === 'true' })

async function client(number: number): Promise<never> {
  for (let sequence = Number((await store.get(`last/${number}`))?.value ?? 0) + 1; ; sequence += 1) {
    const durability = sequence % 3 === 0 ? 'buffered' : 'durable'
    await store.transact(writeOf(number, sequence), { durability })
    // Synchronous on Linux's pipes: a kill takes back no line.
    if (durability === 'durable') process.stdout.write(`${number} ${sequence}\n`)
  }
}
await Promise.all(Array.from({ length: clients }, (_, number) => client(number)))
