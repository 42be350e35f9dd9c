import { connect, type Socket } from 'node:net'
import { BodyReader } from '../codec/body-reader.ts'
import { Chunk, chunkEnd, chunkStart, lastChunk } from '../codec/chunked-body.ts'
import { faultReason, incomplete } from '../codec/head-fault.ts'
import { LF } from '../codec/octets.ts'
import { type ResponseBody, ResponseHead } from '../codec/response-head.ts'
import { largeReadBytes, type ReadBuffers } from './read-buffers.ts'
import type { Timed, TimerWheel } from './timer-wheel.ts'

/** Why an upstream connection failed its request. `bad`: the app's bytes are no HTTP, or end in the middle. */
export type UpstreamFailure = 'refused' | 'reset' | 'timeout' | 'bad'

/** Bytes of a body within a buffer. Reused: read it before returning. */
export interface BodyRange {
  from: number
  to: number
  /** The bytes stay as they are until the client has taken them; else they are overwritten after the call. */
  isStable: boolean
}

/** Who uses an upstream connection for one request. */
export interface UpstreamUser {
  upstreamConnected(): void
  /** A 1xx other than 101. */
  upstreamInterim(head: ResponseHead, source: Buffer): void
  /** The head; for a body of known length also its first bytes. `isComplete`: nothing follows but `upstreamFinished`. */
  upstreamResponse(head: ResponseHead, source: Buffer, range: BodyRange, body: ResponseBody, isComplete: boolean): void
  upstreamBody(source: Buffer, range: BodyRange): void
  upstreamEnd(trailers: string): void
  /** The connection is no longer this user's; it may be in the pool already. */
  upstreamFinished(): void
  /** 101: from here on bytes, no messages. */
  upstreamSwitched(head: ResponseHead, source: Buffer, range: BodyRange): void
  upstreamBytes(source: Buffer, range: BodyRange): void
  /** Called once after all calls of one read: false stops reading until `resume`. */
  upstreamMayRead(): boolean
  upstreamBracket(isOpening: boolean): void
  upstreamDrained(): void
  /** The app ended its direction of a switched connection. */
  upstreamHalfClosed(): void
  upstreamBroken(failure: UpstreamFailure, reason: string): void
}

export interface UpstreamDeps {
  readonly wheel: TimerWheel
  readonly buffers: ReadBuffers
  readonly connectMs: number
  readonly firstByteMs: number
  /** The connection has no user any more and can take another request, or is closed. */
  readonly onIdle: (connection: UpstreamConnection) => void
  readonly onClosed: (connection: UpstreamConnection) => void
}

const tunnelReadBytes = 16_384
type Phase = 'connecting' | 'ready' | 'head' | 'body' | 'tunnel' | 'closed'

/** One TCP connection to a machine's port: one request at a time, HTTP/1.1. */
export class UpstreamConnection implements Timed {
  deadlineMs = Infinity
  wheelTick = -1
  /** Requests that it was given. */
  uses = 0
  idleSinceMs = 0
  sawResponseByte = false
  readonly groupKey: string
  readonly address: string
  readonly port: number
  readonly #deps: UpstreamDeps
  readonly #socket: Socket
  readonly #head = new ResponseHead()
  readonly #reader = new BodyReader()
  #user: UpstreamUser | undefined
  #phase: Phase = 'connecting'
  #method = ''
  #isRequestChunked = false
  #isRequestEnded = true
  #isReading = true
  #partialHead: Buffer | undefined
  #ownBuffer: Buffer | undefined
  #nextBuffer: Buffer
  #responseBytes = 0
  readonly #range: BodyRange = { from: 0, to: 0, isStable: false }
  #failure: UpstreamFailure = 'reset'
  #failureReason = 'the connection was closed'

  constructor(deps: UpstreamDeps, groupKey: string, address: string, port: number, user: UpstreamUser) {
    this.#deps = deps
    this.groupKey = groupKey
    this.address = address
    this.port = port
    this.#user = user
    this.#nextBuffer = deps.buffers.shared
    this.#socket = connect({
      host: address,
      port,
      noDelay: true,
      allowHalfOpen: true,
      onread: { buffer: () => this.#nextBuffer, callback: (sizeBytes, buffer) => this.#onRead(buffer as Buffer, sizeBytes) },
    })
    this.#socket.on('connect', () => this.#onConnect())
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#onError(error))
    this.#socket.on('end', () => this.#onEnd())
    this.#socket.on('close', () => this.#onClose())
    this.#socket.on('drain', () => this.#user?.upstreamDrained())
    deps.wheel.arm(this, deps.connectMs)
  }

  /** Makes an idle connection this user's. */
  attach(user: UpstreamUser): void {
    this.#user = user
  }
  /** The kernel has all that was sent: lent bytes are free again. */
  get isFlushed(): boolean {
    return this.#socket.writableLength === 0
  }
  get isTakingMore(): boolean {
    return this.#socket.writableLength < this.#socket.writableHighWaterMark
  }

  /** Sends the head (with its empty line); body pieces follow by `sendBody`. */
  sendHead(method: string, head: string, isChunked: boolean, isComplete: boolean): void {
    this.uses++
    this.#method = method
    this.#isRequestChunked = isChunked
    this.#isRequestEnded = isComplete
    this.#phase = 'head'
    this.#responseBytes = 0
    this.sawResponseByte = false
    this.#socket.write(head, 'latin1')
    this.#deps.wheel.arm(this, this.#deps.firstByteMs)
  }
  /** Lent bytes are its sender's again once `isFlushed`; `upstreamDrained` tells. */
  sendBody(piece: Buffer, isLent = false): void {
    if (!this.#isRequestChunked) return this.sendBytes(piece, isLent)
    this.#socket.cork()
    this.#socket.write(chunkStart(piece.length), 'latin1')
    this.sendBytes(piece, isLent)
    this.#socket.write(chunkEnd, 'latin1')
    this.#socket.uncork()
  }
  endBody(trailers: string): void {
    this.#isRequestEnded = true
    if (this.#isRequestChunked) this.#socket.write(lastChunk(trailers), 'latin1')
  }
  /** Several writes as one. */
  bracket(isOpening: boolean): void {
    if (isOpening) this.#socket.cork()
    else this.#socket.uncork()
  }

  /** Bytes as they are. */
  sendBytes(piece: Buffer, isLent: boolean): void {
    if (isLent) this.#socket.write(piece, this.#onWritten)
    else this.#socket.write(piece)
  }
  endBytes(): void {
    this.#socket.end()
  }
  resume(): void {
    if (this.#isReading || this.#phase === 'closed') return
    this.#isReading = true
    this.#socket.resume()
  }

  /** Closes at once; its user hears nothing more. */
  abandon(): void {
    this.#user = undefined
    this.#socket.destroy()
  }

  onDeadline(): void {
    if (this.#phase === 'ready') return this.abandon()
    this.#failure = 'timeout'
    this.#failureReason = this.#phase === 'connecting' ? 'the connection was not accepted in time' : 'no answer in time'
    this.#socket.destroy()
  }

  readonly #onWritten = (): void => {
    if (this.isFlushed) this.#user?.upstreamDrained()
  }
  #onConnect(): void {
    this.#deps.wheel.disarm(this)
    this.#phase = 'ready'
    this.#user?.upstreamConnected()
  }
  #onError(error: NodeJS.ErrnoException): void {
    const isConnecting = this.#phase === 'connecting'
    this.#failure = error.code === 'ETIMEDOUT' ? 'timeout' : isConnecting && error.code !== 'ECONNRESET' ? 'refused' : 'reset'
    this.#failureReason = error.code ?? error.message
  }
  #onEnd(): void {
    if (this.#phase === 'tunnel') return this.#user?.upstreamHalfClosed()
    if (this.#phase === 'body' && this.#reader.kind === 'until-close') {
      this.#user?.upstreamEnd('')
      return this.#finish(false)
    }
    this.#socket.destroy()
  }
  #onClose(): void {
    const isInMessage = this.sawResponseByte && (this.#phase === 'head' || this.#phase === 'body')
    const user = this.#user
    this.#phase = 'closed'
    this.#user = undefined
    this.#deps.wheel.forget(this)
    this.#loseBuffer()
    this.#deps.onClosed(this)
    user?.upstreamBroken(isInMessage && this.#failure !== 'timeout' ? 'bad' : this.#failure, this.#failureReason)
  }

  #onRead(buffer: Buffer, sizeBytes: number): boolean {
    if (this.#user === undefined || this.#phase === 'ready') {
      // Bytes without a request: whatever they are, they must not become the answer to the next one.
      this.abandon()
      return false
    }
    if (this.#phase === 'head') this.#readHead(buffer, sizeBytes)
    else if (this.#phase === 'body') this.#readBody(buffer, sizeBytes)
    else if (this.#phase === 'tunnel') this.#user.upstreamBytes(buffer, this.#rangeOf(buffer, 0, sizeBytes, true))
    // The user may have changed meanwhile: it is the one of the next read that decides.
    this.#isReading = (this.#user as UpstreamUser | undefined)?.upstreamMayRead() ?? true
    return this.#isReading
  }

  #readHead(buffer: Buffer, sizeBytes: number): void {
    let source = buffer
    let at = 0
    let to = sizeBytes
    this.sawResponseByte = true
    if (this.#partialHead !== undefined) {
      const hasLineFeed = buffer.subarray(0, sizeBytes).includes(LF)
      source = Buffer.concat([this.#partialHead, buffer.subarray(0, sizeBytes)])
      to = source.length
      this.#partialHead = undefined
      if (!hasLineFeed && to < 65_536) {
        this.#partialHead = source
        return
      }
    }
    for (;;) {
      const next = this.#head.parse(source, at, to)
      if (next === incomplete) {
        this.#partialHead = Buffer.from(source.subarray(at, to))
        return
      }
      if (next < 0) return this.#fail(faultReason(next))
      if (this.#head.status >= 200) return this.#beginBody(source, next, to)
      if (this.#head.status === 101) return this.#switch(source, next, to)
      this.#user?.upstreamInterim(this.#head, source)
      at = next
      if (at === to) return
    }
  }

  #beginBody(source: Buffer, from: number, to: number): void {
    const head = this.#head
    const kind = head.body(this.#method)
    const user = this.#user as UpstreamUser
    this.#deps.wheel.disarm(this)
    this.#reader.begin(kind, head.contentLength)
    this.#phase = 'body'
    const isComplete = kind === 'none' || (kind === 'length' && head.contentLength <= to - from)
    if (isComplete || kind === 'length') {
      const end = kind === 'none' ? from : Math.min(to, from + head.contentLength)
      this.#reader.remainingBytes -= end - from
      this.#growBuffer(source, to)
      user.upstreamResponse(head, source, this.#rangeOf(source, from, end), kind, isComplete)
      if (isComplete) this.#finish(end === to)
      return
    }
    user.upstreamBracket(true)
    user.upstreamResponse(head, source, this.#rangeOf(source, from, from), kind, false)
    this.#readPieces(source, from, to, user)
  }

  #readBody(source: Buffer, to: number): void {
    const user = this.#user as UpstreamUser
    this.#growBuffer(source, to)
    user.upstreamBracket(true)
    this.#readPieces(source, 0, to, user)
  }

  /** Closes the bracket that its caller opened. */
  #readPieces(source: Buffer, from: number, to: number, user: UpstreamUser): void {
    const reader = this.#reader
    let at = from
    let found = reader.next(source, at, to)
    while (found === Chunk.piece) {
      user.upstreamBody(source, this.#rangeOf(source, reader.from, reader.to))
      at = reader.at
      found = reader.next(source, at, to)
    }
    if (found === Chunk.end) user.upstreamEnd(reader.trailers)
    user.upstreamBracket(false)
    // A client that went away while it was written to has let go of this connection.
    if (this.#user !== user) return
    if (found === Chunk.bad) this.#fail('a malformed chunk')
    else if (found === Chunk.end) this.#finish(reader.at === to)
  }

  #rangeOf(source: Buffer, from: number, to: number, isStable = source === this.#ownBuffer): BodyRange {
    this.#responseBytes += to - from
    this.#range.from = from
    this.#range.to = to
    this.#range.isStable = isStable
    return this.#range
  }

  /** The response is complete. Bytes after its end would be read as the next answer, so such a connection takes no other request. */
  #finish(isExact: boolean): void {
    const user = this.#user
    this.#user = undefined
    if (this.#ownBuffer !== undefined && user?.upstreamMayRead() === false) this.#loseBuffer()
    else if (this.#ownBuffer !== undefined && this.#responseBytes < largeReadBytes) this.#returnBuffer()
    // An app that has answered before it took the whole request may still do so: such a connection takes no other one, and gives back what was lent.
    if (isExact && this.#isRequestEnded && this.isFlushed && this.#head.isPersistent) {
      this.#phase = 'ready'
      this.idleSinceMs = this.#deps.wheel.nowMs
      this.#deps.onIdle(this)
    } else {
      this.#phase = 'closed'
      this.#socket.destroy()
    }
    user?.upstreamFinished()
  }

  /** A large read earns a buffer of its own for the next one; a small response gives it back. */
  #growBuffer(source: Buffer, to: number): void {
    if (this.#ownBuffer !== undefined || source !== this.#deps.buffers.shared || to < largeReadBytes) return
    this.#ownBuffer = this.#deps.buffers.borrow()
    if (this.#ownBuffer !== undefined) this.#nextBuffer = this.#ownBuffer
  }
  #returnBuffer(): void {
    if (this.#ownBuffer !== undefined) this.#deps.buffers.giveBack(this.#ownBuffer)
    this.#ownBuffer = undefined
    this.#nextBuffer = this.#deps.buffers.shared
  }
  /** A write to the client still reads from the buffer: it is left to that write. */
  #loseBuffer(): void {
    if (this.#ownBuffer !== undefined) this.#deps.buffers.lose()
    this.#ownBuffer = undefined
    this.#nextBuffer = this.#deps.buffers.shared
  }

  #switch(source: Buffer, from: number, to: number): void {
    this.#deps.wheel.disarm(this)
    this.#phase = 'tunnel'
    this.#returnBuffer()
    this.#nextBuffer = Buffer.allocUnsafeSlow(tunnelReadBytes)
    this.#user?.upstreamSwitched(this.#head, source, this.#rangeOf(source, from, to))
  }

  #fail(reason: string): void {
    this.#failure = 'bad'
    this.#failureReason = reason
    const user = this.#user
    this.#user = undefined
    this.#phase = 'closed'
    this.#socket.destroy()
    user?.upstreamBroken('bad', reason)
  }
}
