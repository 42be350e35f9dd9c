import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock, settled } from '../../../test/testkit/manual-clock.ts'
import { silentLog } from '../../kit/log.ts'
import { fault } from '../../model/fault/fault.ts'
import type { AppName, HostId, MachineId } from '../../model/ids.ts'
import { transactionLimits, type Store, type Transaction } from '../../store/contract.ts'
import type { MachineRow } from '../machines/machine-row.ts'
import { openPublisher } from './publisher.ts'

const idOf = (n: number) => n.toString(16).padStart(14, '0') as MachineId
const app = 'web' as AppName
const rowOf = (id: MachineId, seq: number, event = 'e1') =>
  ({ desired: { id, app, host: 'fra' }, state: 'started', seq, checks: [], events: [{ id: event }] }) as unknown as MachineRow

function scripted() {
  const clock = new ManualClock()
  const rows = new Map<MachineId, MachineRow>()
  const written: Transaction[] = []
  const store = { isAway: false, observed: [] as { key: string; value: string }[] }
  const publisher = openPublisher({
    store: {
      async transact(transaction: Transaction) {
        if (store.isAway) throw fault('store_unavailable', { reason: 'test' })
        written.push(transaction)
        return { held: true, revision: written.length }
      },
      range: async () => ({ entries: store.observed, revision: 1, more: false }),
    } as unknown as Store,
    host: 'fra' as HostId,
    clock,
    log: silentLog,
    rowOf: (id) => rows.get(id),
  })
  const change = (n: number, seq: number, event?: string) => {
    rows.set(idOf(n), rowOf(idOf(n), seq, event))
    publisher.note(idOf(n), app)
  }
  const keysWritten = () => written.map(({ then }) => then.map((operation) => `${operation.op} ${'key' in operation ? operation.key : ''}`))
  return { clock, rows, written, store, publisher, change, keysWritten }
}

test('many changes of a moment are one write of the newest state, events only when there are new ones', async () => {
  const fixture = scripted()
  fixture.change(1, 5)
  fixture.change(1, 6)
  assert.equal(await fixture.publisher.published(idOf(1), 6, 1_000), 1)
  fixture.change(1, 7)
  assert.equal(await fixture.publisher.published(idOf(1), 7, 1_000), 2)
  assert.deepEqual(fixture.keysWritten(), [[`put machine-state/web/${idOf(1)}`, `put event/web/${idOf(1)}`], [`put machine-state/web/${idOf(1)}`]])
  await fixture.publisher[Symbol.asyncDispose]()
})

test('while the store is away nobody waits longer than asked, and on its return the newest state is written', async () => {
  const { change, clock, publisher, store, written } = scripted()
  store.isAway = true
  change(1, 5)
  const waiting = publisher.published(idOf(1), 5, 1_000)
  await clock.advance(1_000)
  assert.equal(await waiting, undefined)
  change(1, 9)
  store.isAway = false
  await clock.advance(10_000)
  assert.match(JSON.stringify(written), /\\"seq\\":9/)
  assert.equal(await publisher.published(idOf(1), 9, 1), 1)
  await publisher[Symbol.asyncDispose]()
})

test('a thousand machines go in transactions within the store’s limits', async () => {
  const { change, publisher, written } = scripted()
  for (let n = 0; n < 1_000; n++) change(n, 5)
  for (let n = 0; n < 100 && written.flatMap(({ then }) => then).length < 2_000; n++) await settled()
  assert.equal(written.flatMap(({ then }) => then).length, 2_000)
  assert.ok(written.every(({ then }) => then.length <= transactionLimits.operations))
  await publisher[Symbol.asyncDispose]()
})

test('a sweep deletes what this host published and no longer has, and nothing of other hosts', async () => {
  const { change, keysWritten, publisher, store } = scripted()
  const entry = (n: number, host: string, state = 'stopped') => ({ key: '', value: JSON.stringify({ id: idOf(n), app, host, state }) })
  store.observed = [entry(1, 'fra'), entry(2, 'fra'), entry(3, 'cdg'), entry(4, 'fra', 'destroyed')]
  change(1, 5)
  publisher.sweep((id) => id === idOf(4))
  for (let n = 0; n < 5; n++) await settled()
  const deleted = keysWritten()
    .flat()
    .filter((line) => line.startsWith('delete'))
  assert.deepEqual(deleted, [`delete machine-state/web/${idOf(2)}`, `delete event/web/${idOf(2)}`])
  await publisher[Symbol.asyncDispose]()
})
