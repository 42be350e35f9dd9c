import { FieldLines } from './field-lines.ts'
import { Field } from './field-names.ts'
import { incomplete } from './head-fault.ts'
import { CR, latin1, LF, valueOctet } from './octets.ts'

export const maxChunkExtensionBytes = 1024
/** Over all chunks of a body: extensions carry nothing here, so many of them are an attack. */
export const maxExtensionBytes = 16_384
export const maxTrailerBytes = 8192

/** What `ChunkedBody.next` found. */
export const Chunk = { piece: 1, more: 2, end: 3, bad: 4 } as const
export type Chunk = (typeof Chunk)[keyof typeof Chunk]

const State = { size: 0, extension: 1, sizeLineFeed: 2, data: 3, dataCr: 4, dataLineFeed: 5, trailer: 6 } as const

/** Decodes a chunked body (RFC 9112 §7.1), strictly and without copying: CRLF only, at most 13 size digits, bounded extensions and trailers. */
export class ChunkedBody {
  /** Range of the piece that `next` found. */
  from = 0
  to = 0
  /** Where the next call goes on; after `end` the first byte that is not the body's. */
  at = 0
  /** Trailer lines that may be passed on, each ending in CRLF. */
  trailers = ''
  #state: number = State.size
  #size = 0
  #digits = 0
  #extensionBytes = 0
  #extensionTotal = 0
  #trailer: Buffer = Buffer.alloc(0)

  clear(): void {
    this.trailers = ''
    this.#state = State.size
    this.#size = this.#digits = this.#extensionBytes = this.#extensionTotal = 0
    this.#trailer = Buffer.alloc(0)
  }

  next(source: Buffer, from: number, to: number): Chunk {
    let at = from
    while (at < to) {
      const octet = source[at] as number
      switch (this.#state) {
        case State.size: {
          const digit = hexDigit(octet)
          if (digit >= 0) {
            if (++this.#digits > 13) return Chunk.bad
            this.#size = this.#size * 16 + digit
          } else if (this.#digits === 0) return Chunk.bad
          else if (octet === CR) this.#state = State.sizeLineFeed
          else if (octet === 59) {
            this.#extensionBytes = 0
            this.#state = State.extension
          } else return Chunk.bad
          at++
          break
        }
        case State.extension:
          if (octet === CR) this.#state = State.sizeLineFeed
          else if (valueOctet[octet] === 0 || octet > 126) return Chunk.bad
          else if (++this.#extensionBytes > maxChunkExtensionBytes || ++this.#extensionTotal > maxExtensionBytes) return Chunk.bad
          at++
          break
        case State.sizeLineFeed:
          if (octet !== LF) return Chunk.bad
          at++
          this.#digits = 0
          this.#state = this.#size === 0 ? State.trailer : State.data
          break
        case State.data: {
          const end = Math.min(to, at + this.#size)
          this.#size -= end - at
          if (this.#size === 0) this.#state = State.dataCr
          this.from = at
          this.to = this.at = end
          return Chunk.piece
        }
        case State.dataCr:
          if (octet !== CR) return Chunk.bad
          at++
          this.#state = State.dataLineFeed
          break
        case State.dataLineFeed:
          if (octet !== LF) return Chunk.bad
          at++
          this.#state = State.size
          break
        default:
          return this.#readTrailer(source, at, to)
      }
    }
    this.at = at
    return Chunk.more
  }

  #readTrailer(source: Buffer, from: number, to: number): Chunk {
    if (this.#trailer.length === 0 && to - from >= 2 && source[from] === CR && source[from + 1] === LF) {
      this.at = from + 2
      return Chunk.end
    }
    const before = this.#trailer.length
    const bytes = Buffer.concat([this.#trailer, source.subarray(from, Math.min(to, from + maxTrailerBytes + 2 - before))])
    const lines = new FieldLines()
    const end = bytes.indexOf(LF, before) < 0 ? incomplete : lines.scan(bytes, 0, bytes.length)
    if (end < incomplete) return Chunk.bad
    if (end >= 0) {
      this.trailers = passableTrailers(bytes, lines, end)
      this.at = from + end - before
      return Chunk.end
    }
    if (bytes.length >= maxTrailerBytes) return Chunk.bad
    this.#trailer = bytes
    this.at = to
    return Chunk.more
  }
}

/** Trailers must not change how a message is framed, routed or authorised (RFC 9110 §6.5.1). */
const forbidden: ReadonlySet<string> = new Set(
  'authorization cookie set-cookie cache-control content-encoding content-type content-range trailer max-forwards range if-match if-none-match if-modified-since if-unmodified-since if-range pragma age expires location retry-after vary warning via www-authenticate'.split(
    ' ',
  ),
)
const trailerDropped = new Uint8Array(32).fill(1)
trailerDropped[Field.other] = 0

function passableTrailers(bytes: Buffer, lines: FieldLines, end: number): string {
  for (let line = 0; line < lines.count; line++) {
    if (forbidden.has(latin1(bytes, lines.nameStart(line), lines.nameEnd(line)).toLowerCase())) lines.drop(line)
  }
  return lines.kept(bytes, 0, end, trailerDropped)
}

function hexDigit(octet: number): number {
  if (octet >= 48 && octet <= 57) return octet - 48
  const lower = octet | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

/** What comes before the bytes of a chunk; CRLF comes after them. */
export const chunkStart = (sizeBytes: number): string => `${sizeBytes.toString(16)}\r\n`
export const chunkEnd = '\r\n'
/** The last chunk with its trailers. */
export const lastChunk = (trailers: string): string => `0\r\n${trailers}\r\n`
