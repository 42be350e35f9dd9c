import { createHash } from 'node:crypto'

/**
 * A backup file: this line, then frames of one letter, four bytes of length (big-endian) and as many bytes.
 *   H  the header, JSON: first, once
 *   S  a part of the store's snapshot (store/snapshot.ts)
 *   L  begins a layer: its digest
 *   D  a part of that layer
 *   E  SHA-256 of every byte before: last, once
 * A file that is cut, damaged or continued is found out before anything of it is used.
 */
const magic = Buffer.from('kante backup 1\n')
export const frameLimitBytes = 4 * 1024 * 1024
const partBytes = 256 * 1024

export interface BackupHeader {
  /** RFC 3339 */
  readonly createdAt: string
  /** Of the Kante that wrote it. */
  readonly version: string
}
export type Frame =
  | { readonly type: 'header'; readonly header: BackupHeader }
  | { readonly type: 'snapshot' | 'data'; readonly bytes: Buffer }
  | { readonly type: 'layer'; readonly digest: string }
export interface BackupContents {
  readonly header: BackupHeader
  readonly snapshot: AsyncIterable<Uint8Array | string>
  readonly layers: AsyncIterable<{ readonly digest: string; readonly bytes: AsyncIterable<Uint8Array> }>
}
/** Not a backup, or not a whole one. */
export class BackupFormatError extends Error {
  override readonly name = 'BackupFormatError'
}

export async function* encodeBackup(contents: BackupContents): AsyncGenerator<Buffer, void, undefined> {
  const hash = createHash('sha256')
  const counted = (bytes: Buffer) => {
    hash.update(bytes)
    return bytes
  }
  yield counted(magic)
  yield counted(frame('H', Buffer.from(JSON.stringify(contents.header))))
  for await (const part of parts(contents.snapshot)) yield counted(frame('S', part))
  for await (const layer of contents.layers) {
    yield counted(frame('L', Buffer.from(layer.digest)))
    for await (const part of parts(layer.bytes)) yield counted(frame('D', part))
  }
  yield frame('E', hash.digest())
}

/** The frames of a backup but its end, which is checked; reading to the end means that every byte was as it was written. */
export async function* decodeBackup(source: AsyncIterable<Uint8Array>): AsyncGenerator<Frame, void, undefined> {
  const reader = byteReader(source)
  const hash = createHash('sha256')
  const start = await reader.take(magic.length)
  if (start === undefined || !start.equals(magic)) throw new BackupFormatError('it does not begin as a backup does')
  hash.update(start)
  let before: string | undefined
  for (;;) {
    const head = await reader.take(5)
    if (head === undefined) throw new BackupFormatError('its end is missing')
    const letter = String.fromCharCode(head[0] ?? 0)
    const length = head.readUInt32BE(1)
    if (!(allowedAfter[before ?? 'start'] ?? '').includes(letter) || length > frameLimitBytes) throw new BackupFormatError('a part is damaged')
    const payload = await reader.take(length)
    if (payload === undefined) throw new BackupFormatError('its end is missing')
    if (letter === 'E') {
      if (!payload.equals(hash.digest())) throw new BackupFormatError('the checksum differs')
      if ((await reader.take(1)) !== undefined) throw new BackupFormatError('there is something after its end')
      return
    }
    hash.update(head).update(payload)
    before = letter
    yield toFrame(letter, payload)
  }
}

/** Which letters may follow a letter: one header, the snapshot, layers. */
const allowedAfter: Readonly<Record<string, string>> = { start: 'H', H: 'S', S: 'SLE', L: 'DLE', D: 'DLE' }

function toFrame(letter: string, payload: Buffer): Frame {
  switch (letter) {
    case 'H':
      return { type: 'header', header: parseHeader(payload) }
    case 'S':
      return { type: 'snapshot', bytes: payload }
    case 'L':
      return { type: 'layer', digest: payload.toString('latin1') }
    default:
      return { type: 'data', bytes: payload }
  }
}

function parseHeader(payload: Buffer): BackupHeader {
  try {
    const found = JSON.parse(payload.toString()) as Partial<BackupHeader> | null
    if (typeof found?.createdAt === 'string' && typeof found.version === 'string') return { createdAt: found.createdAt, version: found.version }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new BackupFormatError('its header is damaged')
}

function frame(letter: string, payload: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(letter, 'latin1')
  head.writeUInt32BE(payload.length, 1)
  return Buffer.concat([head, payload])
}

async function* parts(source: AsyncIterable<Uint8Array | string>): AsyncGenerator<Buffer, void, undefined> {
  let waiting: Buffer[] = []
  let size = 0
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk)
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + partBytes - size)
      waiting.push(piece)
      size += piece.length
      at += piece.length
      if (size < partBytes) continue
      yield Buffer.concat(waiting)
      waiting = []
      size = 0
    }
  }
  if (size > 0) yield Buffer.concat(waiting)
}

/** Takes an exact number of bytes at a time; undefined when fewer are left. */
function byteReader(source: AsyncIterable<Uint8Array>) {
  const iterator = source[Symbol.asyncIterator]()
  let held: Buffer[] = []
  let size = 0
  return {
    async take(wanted: number): Promise<Buffer | undefined> {
      while (size < wanted) {
        const next = await iterator.next()
        if (next.done === true) return undefined
        held.push(Buffer.from(next.value))
        size += next.value.length
      }
      const all = held.length === 1 ? (held[0] ?? Buffer.alloc(0)) : Buffer.concat(held)
      held = all.length === wanted ? [] : [all.subarray(wanted)]
      size -= wanted
      return all.subarray(0, wanted)
    },
  }
}
