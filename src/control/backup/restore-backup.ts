import { createReadStream } from 'node:fs'
import { fault, isFault } from '../../model/fault/fault.ts'
import { parseDigest, type Digest } from '../../model/ids.ts'
import type { Store } from '../../store/contract.ts'
import { importSnapshot } from '../../store/snapshot.ts'
import { BackupFormatError, decodeBackup, type BackupHeader, type Frame } from './backup-format.ts'

export interface RestoreTarget {
  /** Empty. */
  readonly store: Store
  readonly layers: { write(digest: Digest, bytes: AsyncIterable<Uint8Array>): Promise<void> }
}
export interface Restored {
  readonly header: BackupHeader
  readonly layers: number
}

/** Reads a backup to its end without using it. Fault backup_unreadable. */
export async function verifyBackup(file: string): Promise<BackupHeader> {
  let header: BackupHeader | undefined
  try {
    for await (const frame of decodeBackup(createReadStream(file))) if (frame.type === 'header') header = frame.header
  } catch (error) {
    throw unreadable(file, error)
  }
  if (header === undefined) throw fault('backup_unreadable', { file, reason: 'it is empty' })
  return header
}

/** Verifies a backup, then writes it into an empty store and its layers. Faults: backup_unreadable, store_not_empty, store_full. */
export async function restoreBackup(file: string, target: RestoreTarget): Promise<Restored> {
  const header = await verifyBackup(file)
  const frames = lookAhead(decodeBackup(createReadStream(file)))
  let layers = 0
  try {
    await frames.next()
    await importSnapshot(target.store, bytesOf(frames, 'snapshot'))
    for (let frame = await frames.next(); frame?.type === 'layer'; frame = await frames.next()) {
      await target.layers.write(parseDigest(frame.digest), bytesOf(frames, 'data'))
      layers++
    }
  } catch (error) {
    throw isFault(error) ? error : unreadable(file, error)
  }
  return { header, layers }
}

interface Frames {
  next(): Promise<Frame | undefined>
  peek(): Promise<Frame | undefined>
}
function lookAhead(source: AsyncGenerator<Frame, void, undefined>): Frames {
  let ahead: { readonly frame: Frame | undefined } | undefined
  const read = async () => {
    const { value, done } = await source.next()
    return done === true ? undefined : value
  }
  return {
    next: async () => {
      const found = ahead
      ahead = undefined
      return found === undefined ? read() : found.frame
    },
    peek: async () => (ahead ??= { frame: await read() }).frame,
  }
}

async function* bytesOf(frames: Frames, type: 'snapshot' | 'data'): AsyncGenerator<Uint8Array, void, undefined> {
  for (let frame = await frames.peek(); frame?.type === type; frame = await frames.peek()) {
    await frames.next()
    yield frame.bytes
  }
}

function unreadable(file: string, error: unknown): Error {
  const isExpected = error instanceof BackupFormatError || (error instanceof Error && 'syscall' in error)
  return isExpected ? fault('backup_unreadable', { file, reason: (error as Error).message }, error) : (error as Error)
}
