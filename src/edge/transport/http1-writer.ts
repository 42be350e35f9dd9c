import type { Socket } from 'node:net'
import { chunkEnd, chunkStart, lastChunk } from '../codec/chunked-body.ts'
import { latin1 } from '../codec/octets.ts'
import type { ResponseBody, ResponseHead } from '../codec/response-head.ts'
import type { OwnAnswer } from './client-stream.ts'
import { type AnswerMode, interimText, ownAnswerText, responseHeadText, switchText } from './response-text.ts'
import type { BodyRange } from './upstream-connection.ts'

/** Pieces up to this size are copied into one string write with what goes before them. */
const joinedBytes = 16_384

/** Frames answers for an HTTP/1.x client and writes them: one write for a message where it fits. Set `isHttp10` … `requestId` for each request. */
export class Http1Writer implements AnswerMode {
  isHttp10 = false
  willClose = false
  isHeadMethod = false
  requestId = ''
  readonly #socket: Socket
  readonly #now: { dateText(): string }
  /** After each write of an answer that streams. */
  readonly #onWritten: () => void
  #isChunked = false

  constructor(socket: Socket, now: { dateText(): string }, onWritten: () => void) {
    this.#socket = socket
    this.#now = now
    this.#onWritten = onWritten
  }
  get dateText(): string {
    return this.#now.dateText()
  }

  interim(head: ResponseHead, source: Buffer): void {
    if (!this.isHttp10) this.#socket.write(interimText(head, source), 'latin1')
  }
  respond(head: ResponseHead, source: Buffer, range: BodyRange, body: ResponseBody, isComplete: boolean): void {
    const isOpenEnded = body === 'chunked' || body === 'until-close'
    this.#isChunked = isOpenEnded && !this.isHttp10
    if (isOpenEnded && this.isHttp10) this.willClose = true
    const text = responseHeadText(head, source, body, this.requestId, this)
    const sizeBytes = range.to - range.from
    if (sizeBytes <= joinedBytes) {
      const message = sizeBytes === 0 ? text : text + latin1(source, range.from, range.to)
      if (isComplete) this.#socket.write(message, 'latin1')
      else this.#socket.write(message, 'latin1', this.#onWritten)
      return
    }
    this.#socket.cork()
    this.#socket.write(text, 'latin1')
    this.bytes(source, range)
    this.#socket.uncork()
  }
  body(source: Buffer, range: BodyRange): void {
    if (!this.#isChunked) return this.bytes(source, range)
    const sizeBytes = range.to - range.from
    if (sizeBytes <= joinedBytes) {
      this.#socket.write(chunkStart(sizeBytes) + latin1(source, range.from, range.to) + chunkEnd, 'latin1', this.#onWritten)
      return
    }
    this.#socket.write(chunkStart(sizeBytes), 'latin1')
    this.bytes(source, range)
    this.#socket.write(chunkEnd, 'latin1')
  }
  end(trailers: string): void {
    if (this.#isChunked) this.#socket.write(lastChunk(trailers), 'latin1')
  }
  answer(answer: OwnAnswer): void {
    this.#socket.write(ownAnswerText(answer, this.requestId, this.isHeadMethod, this), 'latin1')
  }
  switchProtocols(head: ResponseHead, source: Buffer): void {
    this.#socket.write(switchText(head, source, this.requestId), 'latin1')
  }
  /** Bytes as they are: uncopied where they stay as they are. */
  bytes(source: Buffer, range: BodyRange): void {
    const view = source.subarray(range.from, range.to)
    if (range.isStable) this.#socket.write(view, this.#onWritten)
    else if (view.length <= joinedBytes) this.#socket.write(latin1(source, range.from, range.to), 'latin1', this.#onWritten)
    else this.#socket.write(Buffer.from(view), this.#onWritten)
  }
}
