import type { ResponseBody, ResponseHead } from '../codec/response-head.ts'
import type { RequestFacts } from '../contract.ts'
import type { BodyRange } from './upstream-connection.ts'

/** A request as an exchange takes it, whatever the client speaks. */
export interface ForwardRequest {
  readonly id: string
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly facts: RequestFacts
  readonly isIdempotent: boolean
  /** Request line and fields for the app, each line with CRLF; without framing and the empty line. */
  readonly headText: string
  readonly body: 'none' | 'length' | 'chunked'
  readonly bodyBytes: number
  /** What the client asks to switch to, such as `websocket`; empty: nothing. */
  readonly upgrade: string
  readonly receivedAtMs: number
}

/** An answer of the edge's own. */
export interface OwnAnswer {
  readonly status: number
  readonly text: string
  readonly retryAfterS?: number
}

/**
 * The client's side of one exchange: an HTTP/1.1 connection, later an h2 stream. It composes and frames; the exchange says what and when.
 * It tells the exchange: `requestBody`, `requestEnd`, `clientFlushed`, `clientGone`, `clientBytes`, `clientHalfClosed`.
 */
export interface ClientStream {
  readonly clientAddress: string
  /** Everything written was taken by the kernel: buffers are free again, and more may be read. */
  readonly isFlushed: boolean
  interim(head: ResponseHead, source: Buffer): void
  respond(head: ResponseHead, source: Buffer, range: BodyRange, body: ResponseBody, isComplete: boolean): void
  body(source: Buffer, range: BodyRange): void
  end(trailers: string): void
  answer(answer: OwnAnswer): void
  /** Collects the writes between opening and closing into one. */
  bracket(isOpening: boolean): void
  /** Ends in the middle of an answer, so that the client sees that it is not whole. */
  cut(): void
  pauseBody(): void
  resumeBody(): void
  /** The exchange is over; the stream may go on to the next. */
  finished(): void
  /** 101: passes the head on; from now on both sides send bytes. */
  switchProtocols(head: ResponseHead, source: Buffer): void
  sendBytes(source: Buffer, range: BodyRange): void
  endBytes(): void
}
