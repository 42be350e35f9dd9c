import type { Socket } from 'node:net'
import { hostnameOf } from '../codec/authority.ts'
import { BodyReader } from '../codec/body-reader.ts'
import { Chunk } from '../codec/chunked-body.ts'
import { faultReason, faultStatus, incomplete } from '../codec/head-fault.ts'
import { latin1, LF } from '../codec/octets.ts'
import { maxHeadBytes } from '../codec/field-lines.ts'
import type { RequestHead } from '../codec/request-head.ts'
import type { ResponseBody, ResponseHead } from '../codec/response-head.ts'
import type { ClientConnection, ClientReader } from './client-listener.ts'
import type { ClientStream, OwnAnswer } from './client-stream.ts'
import { Exchange } from './exchange.ts'
import { type ConnectionFacts, forwardHeadText, hostText, requestFacts } from './forward-head.ts'
import type { ProxyContext } from './proxy-context.ts'
import { Http1Writer } from './http1-writer.ts'
import { largeReadBytes } from './read-buffers.ts'
import type { Timed } from './timer-wheel.ts'
import type { BodyRange } from './upstream-connection.ts'

/** Bytes of later requests, or of a body that waits, that are read ahead of their use. */
const maxUnreadBytes = 65_536
/** A client that shuts its sending side this soon after its request (nc, scripts) waits for the answer; one that does so later has left. */
const halfCloseWindowMs = 50

type Phase = 'head' | 'idle' | 'body' | 'answer' | 'tunnel' | 'linger' | 'closed'

const owner = Symbol('client')
/** A socket knows its client, so that all sockets share their listeners: five closures a connection show in the cost of new connections. */
interface ClientSocket extends Socket {
  [owner]?: Http1Client
}
function onEnd(this: ClientSocket): void {
  this[owner]?.onEnd()
}
function onGone(this: ClientSocket): void {
  this[owner]?.onGone()
}
function onClose(this: ClientSocket): void {
  this[owner]?.onClose()
}
function onDrain(this: ClientSocket): void {
  this[owner]?.onDrain()
}

/** One client connection that speaks HTTP/1.x: reads requests in order, one exchange at a time, and tells the writer what the client gets. */
export class Http1Client implements ClientStream, ClientReader, Timed {
  deadlineMs = Infinity
  wheelTick = -1
  readonly #context: ProxyContext
  readonly #socket: Socket
  readonly #facts: ConnectionFacts
  readonly #onClosed: (client: Http1Client) => void
  readonly #reader = new BodyReader()
  readonly #writer: Http1Writer
  #phase: Phase = 'head'
  #exchange: Exchange | undefined
  #unread: Buffer | undefined
  /** Whether what is being read is overwritten by the next read. */
  #isBorrowed = false
  /** For large bodies: its bytes are lent to the app's socket uncopied. */
  #ownBuffer: Buffer | undefined
  #isOwnWanted = false
  /** The next read goes there, whatever is wanted now. */
  #isOwnTaken = false
  #isPumping = false
  #isBodyPaused = false
  #isPaused = false
  #isHalfClosed = false
  #isTunnelHalfClosed = false
  /** The client sends nothing after this request: its connection may close without lingering. */
  #hasAskedClose = false
  #requests = 0
  #requestReadMs = 0
  #hostText = ''
  #hostname = ''

  constructor(context: ProxyContext, connection: ClientConnection, facts: ConnectionFacts, onClosed: (client: Http1Client) => void) {
    const { socket } = connection
    this.#context = context
    this.#socket = socket
    this.#facts = facts
    this.#writer = new Http1Writer(socket, context, () => this.#afterWrite())
    this.#onClosed = onClosed
    ;(socket as ClientSocket)[owner] = this
    connection.attach(this)
    socket.on('end', onEnd).on('error', onGone).on('close', onClose).on('drain', onDrain)
    context.wheel.arm(this, context.timeouts.requestHeadMs)
  }

  get clientAddress(): string {
    return this.#facts.clientAddress
  }
  get isFlushed(): boolean {
    return this.#socket.writableLength === 0
  }

  /** Ends after the answer under way; at once when there is none. */
  closeWhenIdle(): void {
    this.#writer.willClose = true
    if (this.#exchange === undefined && this.#phase !== 'linger') this.#closeGracefully()
  }
  destroy(): void {
    this.#socket.destroy()
  }

  onDeadline(): void {
    switch (this.#phase) {
      case 'head':
        if (this.#unread === undefined) return this.destroy()
        return this.#refuse({ status: 408, text: 'The request head did not arrive in time.' })
      case 'body':
        if (this.#exchange?.canAnswer !== true) return this.destroy()
        this.#writer.willClose = true
        return this.#exchange.refuseRequest({ status: 408, text: 'The request body did not arrive in time.' })
      case 'idle':
        return this.#closeGracefully()
      case 'answer':
      case 'tunnel':
        if (!this.isFlushed || this.#isTunnelHalfClosed) this.destroy()
        return
      case 'linger':
      case 'closed':
        this.destroy()
    }
  }

  // ——— from the client

  nextBuffer(): Buffer {
    this.#isOwnTaken = this.#isOwnWanted
    return this.#isOwnWanted && this.#ownBuffer !== undefined ? this.#ownBuffer : this.#context.buffers.shared
  }

  onBytes(source: Buffer, to: number, isBorrowed: boolean): void {
    this.#isBorrowed = isBorrowed
    this.#take(source, to)
    this.#isBorrowed = false
    if (isBorrowed && this.#unread?.buffer === source.buffer) this.#unread = Buffer.from(this.#unread)
  }

  #take(source: Buffer, to: number): void {
    switch (this.#phase) {
      case 'tunnel':
        this.#growBuffer(source, to)
        if (this.#exchange?.clientBytes(this.#piece(source, 0, to), this.#isLent(source)) === false) this.#pause()
        return
      case 'linger':
      case 'closed':
        return
      case 'body':
        if (!this.#isBodyPaused) {
          this.#context.wheel.arm(this, this.#context.timeouts.requestBodyIdleMs)
          return this.#readBody(source, 0, to)
        }
        break
      case 'head':
      case 'idle':
      case 'answer':
        break
    }
    const before = this.#unread
    const bytes = source.subarray(0, to)
    this.#unread = before === undefined ? bytes : Buffer.concat([before, bytes])
    if (this.#exchange !== undefined) {
      if (this.#unread.length > maxUnreadBytes) this.#pause()
      return
    }
    // A head is parsed again only when another line of it is complete.
    if (before !== undefined && this.#unread.length < maxHeadBytes && !bytes.includes(LF)) return
    this.#pump()
  }

  /** Takes requests out of what is there until one has to wait. */
  #pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    while (this.#unread !== undefined && this.#exchange === undefined && (this.#phase === 'head' || this.#phase === 'idle')) {
      // A client that sends on but takes no answers gets no further ones until it does.
      if (this.#socket.writableNeedDrain) break
      const source = this.#unread
      const head = this.#context.requestHead
      const end = head.parse(source, 0, source.length)
      if (end === incomplete) {
        if (this.#phase === 'idle') {
          this.#phase = 'head'
          this.#context.wheel.arm(this, this.#context.timeouts.requestHeadMs)
        }
        break
      }
      this.#unread = undefined
      if (end < 0) this.#refuse({ status: faultStatus(end), text: `Refused: ${faultReason(end)}.` })
      else this.#begin(head, source, end)
    }
    this.#isPumping = false
    const hasRoom = !this.#isBodyPaused && (this.#unread?.length ?? 0) <= maxUnreadBytes
    if (hasRoom && !this.#socket.writableNeedDrain) this.#resume()
  }

  #begin(head: RequestHead, source: Buffer, end: number): void {
    const context = this.#context
    const facts = this.#facts
    this.#requests++
    const writer = this.#writer
    writer.isHttp10 = head.minorVersion === 0
    this.#hasAskedClose = head.options.close || (writer.isHttp10 && !head.options.keepAlive)
    this.#writer.willClose = context.counters.isDraining || this.#requests >= context.limits.requestsPerConnection || this.#hasAskedClose
    writer.isHeadMethod = head.method === 'HEAD'
    writer.requestId = context.requestIds()
    const host = hostText(head, source)
    if (host !== this.#hostText) {
      this.#hostText = host
      this.#hostname = hostnameOf(host)
    }
    const receivedAtMs = context.clock.now()
    const upgrade = head.upgradeTo === 0 ? '' : latin1(source, head.upgradeFrom, head.upgradeTo)
    const body = head.isChunked ? 'chunked' : head.contentLength >= 0 ? 'length' : 'none'
    const target = head.targetFrom === head.targetTo ? '/' : latin1(source, head.targetFrom, head.targetTo)
    const exchange = new Exchange(context, this, {
      id: writer.requestId,
      method: head.method,
      target,
      facts: requestFacts(head, source, this.#hostname, facts.externalPort, upgrade !== '' && upgrade.toLowerCase() === 'websocket'),
      isIdempotent: head.isIdempotent,
      headText: forwardHeadText(head, source, target, facts, writer.requestId, receivedAtMs),
      body,
      bodyBytes: head.contentLength,
      upgrade,
      receivedAtMs,
    })
    this.#exchange = exchange
    if (body === 'none') {
      this.#phase = 'answer'
      this.#requestReadMs = exchange.startedMs
      context.wheel.disarm(this)
      if (end < source.length) this.#unread = source.subarray(end)
    } else {
      this.#phase = 'body'
      this.#reader.begin(body, head.contentLength)
      context.wheel.arm(this, context.timeouts.requestBodyIdleMs)
      this.#readBody(source, end, source.length)
    }
    if (this.#exchange === exchange) exchange.start()
    this.#endIfCutOff()
  }

  #readBody(source: Buffer, from: number, to: number): void {
    const exchange = this.#exchange
    const reader = this.#reader
    let at = from
    this.#growBuffer(source, to)
    for (;;) {
      const found = reader.next(source, at, to)
      at = reader.at
      if (found === Chunk.piece) exchange?.requestBody(this.#piece(source, reader.from, reader.to), this.#isLent(source))
      else if (found === Chunk.more) return
      else break
    }
    if (!reader.isEnded) {
      this.#writer.willClose = true
      if (exchange?.canAnswer === true) exchange.refuseRequest({ status: 400, text: 'Refused: a malformed chunk.' })
      else this.destroy()
      return
    }
    if (at < to) this.#unread = source.subarray(at, to)
    this.#phase = 'answer'
    this.#isOwnWanted = false
    this.#context.wheel.disarm(this)
    this.#requestReadMs = this.#context.clock.monotonic()
    exchange?.requestEnd(reader.trailers)
  }

  /** Bytes that outlive this read. */
  #piece(source: Buffer, from: number, to: number): Buffer {
    const view = source.subarray(from, to)
    return this.#isBorrowed && !this.#isLent(source) ? Buffer.from(view) : view
  }
  /** Nothing is read into this client's own buffer until the app's socket has sent what is in it, or is closed. */
  #isLent(source: Buffer): boolean {
    return source === this.#ownBuffer
  }
  /** A large read earns a buffer of its own for those that follow. */
  #growBuffer(source: Buffer, to: number): void {
    if (!this.#isBorrowed || to < largeReadBytes || source === this.#ownBuffer) return
    this.#ownBuffer ??= this.#context.buffers.borrow()
    this.#isOwnWanted = this.#ownBuffer !== undefined
  }
  #returnBuffer(): void {
    this.#isOwnWanted = false
    if (this.#ownBuffer === undefined || this.#isOwnTaken) return
    this.#context.buffers.giveBack(this.#ownBuffer)
    this.#ownBuffer = undefined
  }

  onEnd(): void {
    if (this.#phase === 'tunnel') {
      this.#exchange?.clientHalfClosed()
      return this.#halfCloseTunnel()
    }
    const isAtOnce = this.#phase === 'answer' && this.#context.clock.monotonic() - this.#requestReadMs <= halfCloseWindowMs
    // A waiter must leave with its client, and nothing else would tell when that goes.
    if (this.#exchange !== undefined && isAtOnce && !this.#exchange.isHeld) {
      this.#isHalfClosed = true
      this.#writer.willClose = this.#unread === undefined
      return
    }
    // What is still to be written goes out first: `#closeGracefully` then destroys.
    if (this.#phase === 'linger' && !this.isFlushed) return
    if (this.#exchange !== undefined || this.#phase === 'linger') this.onGone()
    else this.#closeGracefully()
  }
  onGone(): void {
    const exchange = this.#exchange
    this.#exchange = undefined
    exchange?.clientGone()
    this.#socket.destroy()
  }
  onClose(): void {
    this.onGone()
    this.#phase = 'closed'
    if (this.#ownBuffer !== undefined) this.#context.buffers.lose()
    this.#ownBuffer = undefined
    this.#context.wheel.forget(this)
    this.#onClosed(this)
  }

  // ——— to the client

  interim(head: ResponseHead, source: Buffer): void {
    this.#writer.interim(head, source)
  }
  respond(head: ResponseHead, source: Buffer, range: BodyRange, body: ResponseBody, isComplete: boolean): void {
    this.#closeWhenEarly()
    this.#writer.respond(head, source, range, body, isComplete)
    if (!isComplete) this.#watchStall()
  }
  body(source: Buffer, range: BodyRange): void {
    this.#writer.body(source, range)
    this.#watchStall()
  }
  end(trailers: string): void {
    this.#writer.end(trailers)
  }
  answer(answer: OwnAnswer): void {
    this.#closeWhenEarly()
    this.#writer.answer(answer)
  }
  /** An answer that comes before the request's end leaves bytes on the connection that nobody will read. */
  #closeWhenEarly(): void {
    if (this.#exchange?.isRequestComplete === false) this.#writer.willClose = true
  }
  bracket(isOpening: boolean): void {
    if (isOpening) this.#socket.cork()
    else this.#socket.uncork()
  }
  cut(): void {
    this.#exchange = undefined
    this.#socket.destroy()
  }
  switchProtocols(head: ResponseHead, source: Buffer): void {
    this.#phase = 'tunnel'
    this.#writer.switchProtocols(head, source)
    const early = this.#unread
    this.#unread = undefined
    this.#resume()
    if (early !== undefined) this.#take(early, early.length)
    if (!this.#isHalfClosed) return
    this.#exchange?.clientHalfClosed()
    this.#halfCloseTunnel()
  }
  sendBytes(source: Buffer, range: BodyRange): void {
    this.#writer.bytes(source, range)
    this.#watchStall()
  }
  endBytes(): void {
    this.#socket.end()
    this.#halfCloseTunnel()
  }

  pauseBody(): void {
    if (this.#phase !== 'body') return
    this.#isBodyPaused = true
    this.#context.wheel.disarm(this)
    this.#pause()
  }
  resumeBody(): void {
    if (this.#phase === 'tunnel') return this.#resume()
    if (!this.#isBodyPaused) return
    this.#isBodyPaused = false
    // Once the body has been read to its end, what is unread is the next request.
    if (this.#phase === 'body' && this.#unread !== undefined) {
      const unread = this.#unread
      this.#unread = undefined
      this.#readBody(unread, 0, unread.length)
      if (this.#isBodyPaused) return
    }
    if (this.#phase === 'body') this.#context.wheel.arm(this, this.#context.timeouts.requestBodyIdleMs)
    this.#resume()
    this.#endIfCutOff()
  }
  /** The client shut its sending side before the end of this body, or this request would wait without anyone to tell when the client goes. */
  #endIfCutOff(): void {
    const isCutOff = this.#isHalfClosed && ((this.#phase === 'body' && !this.#isBodyPaused) || this.#exchange?.isHeld === true)
    if (isCutOff) this.onGone()
  }

  finished(): void {
    this.#exchange = undefined
    this.#isBodyPaused = false
    this.#returnBuffer()
    if (this.#hasAskedClose && this.#phase === 'answer' && this.isFlushed && this.#unread === undefined) return this.destroy()
    if (this.#writer.willClose || this.#phase === 'body') return this.#closeGracefully()
    this.#phase = 'idle'
    this.#context.wheel.arm(this, this.#context.timeouts.keepAliveMs)
    if (this.#unread !== undefined || this.#isPaused) this.#pump()
    if (this.#isHalfClosed && this.#exchange === undefined) this.#closeGracefully()
  }

  /** What the client does not take at once it must take in time. */
  #watchStall(): void {
    const isStalled = this.#socket.writableLength > 0 && (this.#phase === 'answer' || this.#phase === 'tunnel') && !this.#isTunnelHalfClosed
    if (isStalled) this.#context.wheel.arm(this, this.#context.timeouts.clientStallMs)
  }
  #afterWrite(): void {
    if (this.#socket.writableLength > 0 || this.#exchange === undefined) return
    if ((this.#phase === 'answer' || this.#phase === 'tunnel') && !this.#isTunnelHalfClosed) this.#context.wheel.disarm(this)
    this.#exchange.clientFlushed()
  }
  onDrain(): void {
    if (this.#exchange === undefined) this.#pump()
  }

  #refuse(answer: OwnAnswer): void {
    this.#writer.willClose = true
    this.#writer.requestId = this.#context.requestIds()
    this.#writer.isHeadMethod = false
    this.#writer.answer(answer)
    this.#closeGracefully()
  }

  /** FIN after what is written; then swallows what the client still sends, because closing on unread bytes would reset the answer away. */
  #closeGracefully(): void {
    if (this.#phase === 'linger' || this.#phase === 'closed') return
    this.#phase = 'linger'
    this.#unread = undefined
    this.#context.wheel.arm(this, this.#context.timeouts.clientStallMs)
    this.#socket.end(() => {
      if (this.#isHalfClosed || this.#socket.readableEnded) this.#socket.destroy()
      else this.#context.wheel.arm(this, this.#context.timeouts.lingerMs)
    })
    this.#resume()
  }

  #halfCloseTunnel(): void {
    this.#isTunnelHalfClosed = true
    this.#context.wheel.arm(this, this.#context.timeouts.halfClosedTunnelMs)
  }

  #pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.#socket.pause()
  }
  #resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#socket.resume()
  }
}
