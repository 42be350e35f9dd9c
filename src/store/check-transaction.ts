import { fault } from '../model/fault/fault.ts'
import { keyPattern, transactionLimits, type KeyRange, type Operation, type Transaction } from './contract.ts'

/** Throws `transaction_too_large` or `invalid_value` for a transaction no store may accept; every implementation calls it first. */
export function checkTransaction(transaction: Transaction): void {
  const branches = [transaction.then, transaction.else ?? []]
  const operations = Math.max(transaction.compare.length, ...branches.map((branch) => branch.length))
  const bytes = sizeBytes(transaction)
  if (operations > transactionLimits.operations || bytes > transactionLimits.bytes) throw fault('transaction_too_large', { operations, bytes })
  for (const [index, compare] of transaction.compare.entries()) checkKey(`compare[${index}].key`, compare.key)
  checkBranch('then', transaction.then)
  checkBranch('else', transaction.else ?? [])
}

/** Throws `invalid_value` unless the key follows `keyPattern`. */
export function checkKey(field: string, key: string): void {
  if (!keyPattern.test(key)) throw fault('invalid_value', { field, found: key.slice(0, 600), rule: '1 to 512 printable ASCII characters' })
}

/** Throws `invalid_value` unless the limit is absent or a whole number from 1. */
export function checkLimit(limit: number | undefined): void {
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 1)) {
    throw fault('invalid_value', { field: 'limit', found: limit, rule: 'a whole number from 1' })
  }
}

/** Throws `invalid_value` unless the lease's time to live lies between 1 ms and a day. */
export function checkTtl(ttlMs: number): void {
  if (!(ttlMs >= 1 && ttlMs <= 86_400_000)) throw fault('invalid_value', { field: 'ttlMs', found: ttlMs, rule: '1 ms to 24 h' })
}

function sizeBytes({ compare, then, else: otherwise = [] }: Transaction): number {
  let bytes = 0
  for (const one of compare) bytes += one.key.length + (one.target === 'value' ? Buffer.byteLength(one.to) : 8)
  for (const operation of [...then, ...otherwise]) {
    switch (operation.op) {
      case 'put':
        bytes += operation.key.length + Buffer.byteLength(operation.value)
        break
      case 'delete':
        bytes += operation.key.length
        break
      case 'deleteRange':
        bytes += operation.range.start.length + operation.range.end.length
        break
    }
  }
  return bytes
}

function checkBranch(branch: string, operations: readonly Operation[]): void {
  const written = new Set<string>()
  const ranges: KeyRange[] = []
  for (const [index, operation] of operations.entries()) {
    const field = `${branch}[${index}]`
    if (operation.op === 'deleteRange') {
      const { range } = operation
      if (ranges.some((other) => range.start < other.end && other.start < range.end)) throw twice(field, range.start)
      ranges.push(range)
      continue
    }
    checkKey(`${field}.key`, operation.key)
    if (written.has(operation.key)) throw twice(field, operation.key)
    written.add(operation.key)
    // Lone surrogates have no UTF-8 form: the value read back would differ from the one written.
    if (operation.op === 'put' && !operation.value.isWellFormed()) {
      throw fault('invalid_value', { field: `${field}.value`, found: operation.key, rule: 'well-formed Unicode text' })
    }
  }
  if (ranges.length === 0) return
  for (const key of written) if (ranges.some((range) => range.start <= key && key < range.end)) throw twice(branch, key)
}

const twice = (field: string, key: string) => fault('invalid_value', { field, found: key, rule: 'each key at most once in a transaction' })
