import { Chunk, ChunkedBody } from './chunked-body.ts'

export type BodyKind = 'none' | 'length' | 'chunked' | 'until-close'

/** Takes the bytes of one body out of a byte stream, whatever its framing. Reused for body after body. */
export class BodyReader {
  kind: BodyKind = 'none'
  isEnded = true
  /** Range of the piece that `next` found, and where to go on. */
  from = 0
  to = 0
  at = 0
  /** Bytes of a body of known length that are still to come. */
  remainingBytes = 0
  #chunked: ChunkedBody | undefined

  begin(kind: BodyKind, lengthBytes: number): void {
    this.kind = kind
    this.remainingBytes = kind === 'length' ? lengthBytes : 0
    this.isEnded = kind === 'none' || (kind === 'length' && lengthBytes === 0)
    if (kind === 'chunked') (this.#chunked ??= new ChunkedBody()).clear()
  }

  /** Lines, each with CRLF, that came after a chunked body and may be passed on. */
  get trailers(): string {
    return this.kind === 'chunked' ? (this.#chunked?.trailers ?? '') : ''
  }

  /** The next piece in `from`/`to`; `end` may follow without more bytes, so call on until it is not `piece`. */
  next(source: Buffer, from: number, to: number): Chunk {
    if (this.isEnded) {
      this.at = from
      return Chunk.end
    }
    if (this.kind === 'chunked') {
      const chunked = this.#chunked as ChunkedBody
      const found = chunked.next(source, from, to)
      this.from = chunked.from
      this.to = chunked.to
      this.at = chunked.at
      if (found === Chunk.end) this.isEnded = true
      return found
    }
    if (from >= to) {
      this.at = from
      return Chunk.more
    }
    this.from = from
    this.to = this.at = this.kind === 'length' ? Math.min(to, from + this.remainingBytes) : to
    if (this.kind === 'length') {
      this.remainingBytes -= this.to - from
      this.isEnded = this.remainingBytes === 0
    }
    return Chunk.piece
  }
}
