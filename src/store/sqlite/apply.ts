import { compareHolds } from '../compare.ts'
import type { Entry, KeyEvent, Operation, Revision, StoreLeaseId, Transaction, TransactionResult } from '../contract.ts'
import { storeError } from './store-error.ts'
import { toEntry, type EntryRow, type Statements } from './statements.ts'

/** What a write did: its answer and the events of its revision (none when it wrote nothing). */
export interface Applied<Answer> {
  readonly answer: Answer
  readonly events: readonly KeyEvent[]
}

/** Applies one transaction on top of `revision`, inside an open SQLite transaction. Refuses before its first write. */
export function applyTransaction(statements: Statements, transaction: Transaction, revision: Revision): Applied<TransactionResult> {
  const held = transaction.compare.every((compare) => compareHolds(compare, readEntry(statements, compare.key)))
  const operations = held ? transaction.then : (transaction.else ?? [])
  for (const operation of operations) requireLease(statements, operation)
  const events = operations.flatMap((operation) => applyOperation(statements, operation, revision + 1))
  return { answer: { held, revision: events.length > 0 ? revision + 1 : revision }, events }
}

/** Ends a lease: its keys go in one revision. */
export function applyRevoke(statements: Statements, lease: StoreLeaseId, revision: Revision): Applied<null> {
  const rows = statements.keysOfLease.all(Number(lease)) as unknown as readonly { key: string; createRevision: Revision }[]
  const events = rows.map((row) => remove(statements, row.key, row.createRevision, revision + 1))
  statements.dropLease.run(Number(lease))
  return { answer: null, events }
}

export function readEntry(statements: Statements, key: string): Entry | undefined {
  const row = statements.get.get(key) as unknown as EntryRow | undefined
  return row && toEntry(row)
}

function requireLease(statements: Statements, operation: Operation): void {
  if (operation.op !== 'put' || operation.lease === undefined) return
  const id = Number(operation.lease)
  if (!Number.isSafeInteger(id) || statements.hasLease.get(id) === undefined) throw storeError('store_lease_ended', { lease: operation.lease })
}

function applyOperation(statements: Statements, operation: Operation, revision: Revision): readonly KeyEvent[] {
  switch (operation.op) {
    case 'put':
      return [put(statements, operation, revision)]
    case 'delete': {
      const found = readEntry(statements, operation.key)
      return found ? [remove(statements, found.key, found.createRevision, revision)] : []
    }
    case 'deleteRange': {
      const { start, end } = operation.range
      const rows = statements.rangeKeys.all(start, end, -1) as unknown as readonly EntryRow[]
      return rows.map((row) => remove(statements, row.key, row.createRevision, revision))
    }
  }
}

function put(statements: Statements, operation: Operation & { op: 'put' }, revision: Revision): KeyEvent {
  const { key, value, lease } = operation
  const found = readEntry(statements, key)
  const createRevision = found?.createRevision ?? revision
  const version = (found?.version ?? 0) + 1
  const leaseId = lease === undefined ? null : Number(lease)
  statements.put.run(key, value, createRevision, revision, version, leaseId)
  statements.record.run(revision, key, value, createRevision, version, leaseId)
  const entry = { key, value, createRevision, modRevision: revision, version, ...(lease === undefined ? {} : { lease }) }
  return { type: 'put', key, entry, revision }
}

function remove(statements: Statements, key: string, createRevision: Revision, revision: Revision): KeyEvent {
  statements.delete.run(key)
  statements.record.run(revision, key, null, createRevision, 0, null)
  return { type: 'delete', key, revision }
}
