import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock, settled } from '../../../test/testkit/manual-clock.ts'
import { silentLog } from '../../kit/log.ts'
import { fault, isFault } from '../../model/fault/fault.ts'
import type { Store, Transaction, WriteOptions } from '../../store/contract.ts'
import { openJournal } from './journal.ts'
import type { MachineRow } from './machine-row.ts'

const rowOf = (seq: number, version = 1) =>
  ({ schema: 1, seq, desired: { id: 'aaaaaaaaaaaaaa', version, instanceId: `v${version}`, config: {} } }) as unknown as MachineRow

function scripted() {
  const clock = new ManualClock()
  const disk = { isFull: false, gate: Promise.resolve() }
  const written: string[] = []
  const transactions: Transaction[] = []
  const db = {
    async transact(transaction: Transaction, options?: WriteOptions) {
      await disk.gate
      if (disk.isFull) throw fault('store_full', { path: '/data' })
      transactions.push(transaction)
      const [first] = transaction.then
      if (first?.op === 'put') written.push(`${options?.durability ?? 'durable'} ${(JSON.parse(first.value) as MachineRow).seq}`)
      return { held: true, revision: 1 }
    },
  } as unknown as Store
  return { clock, disk, written, transactions, journal: openJournal({ db, clock, log: silentLog }) }
}

test('a machine’s writes keep their order, and what waits behind a slow one is written once', async () => {
  const { disk, journal, written } = scripted()
  const gate = Promise.withResolvers<void>()
  disk.gate = gate.promise
  const saves = [
    journal.save(rowOf(1), 'buffered'),
    journal.save(rowOf(2), 'buffered'),
    journal.save(rowOf(3), 'buffered'),
    journal.saveDurably(rowOf(4)),
  ]
  gate.resolve()
  await Promise.all(saves)
  assert.deepEqual(written, ['buffered 1', 'durable 4'])
  await journal[Symbol.asyncDispose]()
})

test('a fact is written when the disk has room again; a command is refused at once', async () => {
  const { clock, disk, journal, written } = scripted()
  disk.isFull = true
  const exit = journal.save(rowOf(1), 'durable')
  await clock.advance(300)
  disk.isFull = false
  await clock.advance(5_000)
  await exit
  assert.deepEqual(written, ['durable 1'])
  disk.isFull = true
  await assert.rejects(journal.saveDurably(rowOf(2)), (error) => isFault(error, 'store_full'))
  await journal[Symbol.asyncDispose]()
})

test('closing ends the waiting for a disk that stays full', async () => {
  const { disk, journal } = scripted()
  disk.isFull = true
  void journal.save(rowOf(1), 'durable')
  await settled()
  await journal[Symbol.asyncDispose]()
})

test('versions are kept, the oldest of more than twenty are let go', async () => {
  const { journal, transactions } = scripted()
  await journal.saveDurably(rowOf(1, 1), { newVersion: true })
  await journal.saveDurably(rowOf(2, 25), { newVersion: true })
  assert.deepEqual(
    transactions.map(({ then }) => then.map((operation) => operation.op)),
    [
      ['put', 'put'],
      ['put', 'put', 'deleteRange'],
    ],
  )
  const range = transactions[1]?.then[2]
  assert.ok(range?.op === 'deleteRange' && range.range.end.endsWith('/00000006'))
  await journal[Symbol.asyncDispose]()
})
