import { createHash } from 'node:crypto'
import { z } from 'zod'
import { fault } from '../model/fault/fault.ts'
import { everything, keyPattern, transactionLimits, type Operation, type Revision, type Store } from './contract.ts'

/** The first line of a snapshot. */
export interface SnapshotHeader {
  readonly format: 'kante-store'
  readonly schemaVersion: 1
  /** The store's revision that the snapshot shows; revisions start anew where it is imported. */
  readonly revision: Revision
  /** ISO 8601. */
  readonly createdAt: string
  readonly count: number
}

const headerLine = z.strictObject({
  format: z.literal('kante-store'),
  schemaVersion: z.literal(1),
  revision: z.int().nonnegative(),
  createdAt: z.iso.datetime(),
  count: z.int().nonnegative(),
})
const entryLine = z.strictObject({ key: z.string().regex(keyPattern), value: z.string() })
const trailerLine = z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) })

/** A snapshot is held in memory while it is verified; one that is larger is refused. */
const maxSnapshotBytes = 512 * 1024 * 1024
/** A value of 1 MiB in which every byte is escaped. */
const maxLineBytes = 8 * 1024 * 1024

/**
 * All keys at one revision as lines of JSON: header, an entry each, and the SHA-256 of every byte before as trailer. Keys bound to a lease are
 * left out: they tell of who is there now, not of what shall be.
 */
export async function* exportSnapshot(deps: { readonly store: Store; readonly now: () => number }): AsyncGenerator<string> {
  const { entries, revision } = await deps.store.range(everything)
  const kept = entries.filter((entry) => entry.lease === undefined)
  const hash = createHash('sha256')
  const line = (value: object) => {
    const text = `${JSON.stringify(value)}\n`
    hash.update(text)
    return text
  }
  const createdAt = new Date(deps.now()).toISOString()
  yield line({ format: 'kante-store', schemaVersion: 1, revision, createdAt, count: kept.length } satisfies SnapshotHeader)
  for (const { key, value } of kept) yield line({ key, value })
  yield `${JSON.stringify({ sha256: hash.digest('hex') })}\n`
}

/** Writes a snapshot into an empty store, after all of it is verified. Faults: snapshot_invalid, store_not_empty. */
export async function importSnapshot(store: Store, source: AsyncIterable<Uint8Array | string>): Promise<SnapshotHeader> {
  const { header, entries } = await readSnapshot(source)
  const [first] = (await store.range(everything, { limit: 1, keysOnly: true })).entries
  if (first !== undefined) throw fault('store_not_empty', { key: first.key })
  for (const then of batches(entries)) await store.transact({ compare: [], then }, { durability: 'buffered' })
  // One durable write makes the buffered ones before it durable too; an empty snapshot has nothing to sync.
  const last = entries.at(-1)
  if (last !== undefined) await store.transact({ compare: [], then: [{ op: 'put', ...last }] })
  return header
}

interface SnapshotEntry {
  readonly key: string
  readonly value: string
}

/** Reads and verifies a whole snapshot. Faults: snapshot_invalid. */
export async function readSnapshot(
  source: AsyncIterable<Uint8Array | string>,
): Promise<{ readonly header: SnapshotHeader; readonly entries: readonly SnapshotEntry[] }> {
  const hash = createHash('sha256')
  const entries: SnapshotEntry[] = []
  let header: SnapshotHeader | undefined
  let number = 0
  let isComplete = false
  for await (const line of splitLines(source)) {
    number += 1
    if (isComplete) throw invalid(number, 'data after the end')
    const value = parseLine(line, number)
    if (header === undefined) {
      header = check(headerLine, value, number, 'no header of a snapshot that this version knows')
    } else if (entries.length < header.count) {
      const entry = check(entryLine, value, number, 'not an entry')
      if (entry.key <= (entries.at(-1)?.key ?? '')) throw invalid(number, `key ${entry.key} is out of order`)
      if (!entry.value.isWellFormed()) throw invalid(number, 'the value is not well-formed text')
      entries.push(entry)
    } else {
      const { sha256 } = check(trailerLine, value, number, 'not the trailer')
      if (sha256 !== hash.digest('hex')) throw invalid(number, 'the checksum differs')
      isComplete = true
      continue
    }
    hash.update(line).update('\n')
  }
  if (header === undefined || !isComplete) throw invalid(number + 1, 'the end is missing')
  return { header, entries }
}

function* batches(entries: readonly SnapshotEntry[]): Generator<readonly Operation[]> {
  let batch: Operation[] = []
  let bytes = 0
  for (const { key, value } of entries) {
    const size = key.length + Buffer.byteLength(value)
    if (batch.length === transactionLimits.operations || bytes + size > transactionLimits.bytes) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push({ op: 'put', key, value })
    bytes += size
  }
  if (batch.length > 0) yield batch
}

/** Lines without their end, as bytes; text after the last line feed is a cut line. */
async function* splitLines(source: AsyncIterable<Uint8Array | string>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let partBytes = 0
  let total = 0
  let number = 1
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk)
    total += bytes.length
    if (total > maxSnapshotBytes) throw invalid(number, `larger than ${maxSnapshotBytes} bytes`)
    let start = 0
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      yield Buffer.concat([...parts, bytes.subarray(start, end)])
      parts = []
      partBytes = 0
      number += 1
      start = end + 1
    }
    parts.push(bytes.subarray(start))
    partBytes += bytes.length - start
    if (partBytes > maxLineBytes) throw invalid(number, `a line of more than ${maxLineBytes} bytes`)
  }
  if (partBytes > 0) throw invalid(number, 'the last line is cut')
}

function parseLine(line: Buffer, number: number): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line)) as unknown
  } catch (error) {
    throw invalid(number, 'not a line of JSON', error)
  }
}

function check<T>(schema: z.ZodType<T>, value: unknown, number: number, reason: string): T {
  const result = schema.safeParse(value)
  if (!result.success) throw invalid(number, reason, result.error)
  return result.data
}

const invalid = (line: number, reason: string, cause?: unknown) => fault('snapshot_invalid', { line, reason }, cause)
