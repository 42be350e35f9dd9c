import type { ResponseBody, ResponseHead } from '../codec/response-head.ts'
import type { Decision, Refusal, Ticket } from '../contract.ts'
import type { ClientStream, ForwardRequest, OwnAnswer } from './client-stream.ts'
import type { RequestLogEntry } from './proxy-contract.ts'
import type { ProxyContext } from './proxy-context.ts'
import type { BodyRange, UpstreamFailure, UpstreamUser } from './upstream-connection.ts'
import { UpstreamConnection } from './upstream-connection.ts'

/** A request whose repetition could do harm takes a pooled connection only when it was used this recently: the app has hardly closed it meanwhile. */
const freshForUnsafeMs = 500
/** Above the 90 candidates that Fly.io tries (platform-semantics §1.3); the brain ends it earlier. */
const maxAttempts = 100
/** Bodies up to this size leave in one write with their head. */
const joinedBodyBytes = 16_384

const noPieces: Buffer[] = []

type State = 'new' | 'held' | 'connecting' | 'sent' | 'responding' | 'tunnel' | 'over'

/**
 * One request from admission to its last byte: asks the brain, sends to the machine it names, tries the next where that is safe (RFC 9110 §9.2.2), passes the
 * answer back. Knows neither the client's protocol nor apps.
 */
export class Exchange implements UpstreamUser {
  readonly #context: ProxyContext
  readonly #stream: ClientStream
  readonly #request: ForwardRequest
  /** Monotonic. */
  readonly startedMs: number
  #state: State = 'new'
  #ticket: Ticket | undefined
  #upstream: UpstreamConnection | undefined
  #leave: (() => void) | undefined
  /** Body pieces that a first or repeated attempt still has to send; undefined once they are too many to keep. */
  #kept: Buffer[] | undefined = noPieces
  #keptBytes = 0
  #isBodyPaused = false
  #isRequestComplete: boolean
  #requestTrailers = ''
  #isRetriedFresh = false
  #hasAnswered = false
  #requestBodyBytes = 0
  #responseBodyBytes = 0
  #status = 0
  #attempts = 0
  #stepMs = 0
  #heldMs = 0
  #connectMs = 0
  #firstByteMs = 0

  constructor(context: ProxyContext, stream: ClientStream, request: ForwardRequest) {
    this.#context = context
    this.#stream = stream
    this.#request = request
    this.#isRequestComplete = request.body === 'none'
    this.startedMs = context.clock.monotonic()
    context.counters.inFlight++
  }

  /** Asks for a place. Body pieces that are there already may be given before. */
  start(): void {
    this.#follow(this.#context.brain.admit(this.#request.facts))
  }
  get isRequestComplete(): boolean {
    return this.#isRequestComplete
  }
  get isHeld(): boolean {
    return this.#state === 'held'
  }
  /** Nothing of an answer has been sent to the client: one of the edge's own is still possible. */
  get canAnswer(): boolean {
    return !this.#hasAnswered && this.#state !== 'over'
  }

  /** A lent piece is used until the body is resumed, others are the exchange's. */
  requestBody(piece: Buffer, isLent: boolean): void {
    if (this.#state === 'over') return
    this.#requestBodyBytes += piece.length
    const isSent = this.#state === 'sent' || this.#state === 'responding'
    if (this.#kept !== undefined && !this.#hasAnswered) {
      this.#keptBytes += piece.length
      const isTooMuch = this.#keptBytes > this.#context.limits.heldBodyBytes
      if (isTooMuch && isSent) this.#kept = undefined
      else {
        const kept = isLent ? Buffer.from(piece) : piece
        if (this.#kept === noPieces) this.#kept = [kept]
        else this.#kept.push(kept)
        if (isTooMuch) this.#pauseBody()
      }
    }
    const upstream = this.#upstream
    if (!isSent || upstream === undefined) return
    upstream.sendBody(piece, isLent)
    if (!upstream.isTakingMore || (isLent && !upstream.isFlushed)) this.#pauseBody()
  }
  requestEnd(trailers: string): void {
    this.#isRequestComplete = true
    this.#requestTrailers = trailers
    if (this.#state === 'sent' || this.#state === 'responding') this.#upstream?.endBody(trailers)
  }
  /** The client left, or sent what is no message: nothing more can be said to it. */
  clientGone(): void {
    if (this.#state === 'over') return
    this.#leave?.()
    this.#upstream?.abandon()
    this.#over(this.#state === 'tunnel' ? 'ok' : 'aborted')
  }
  clientFlushed(): void {
    this.#upstream?.resume()
  }
  /** Bytes of a switched connection. False: pause until the body is resumed, which is also when a lent piece is no longer used. */
  clientBytes(piece: Buffer, isLent: boolean): boolean {
    this.#requestBodyBytes += piece.length
    const upstream = this.#upstream
    if (upstream === undefined) return true
    upstream.sendBytes(piece, isLent)
    return upstream.isTakingMore && (!isLent || upstream.isFlushed)
  }
  clientHalfClosed(): void {
    this.#upstream?.endBytes()
  }
  /** The client's message broke off in a way that deserves an answer. */
  refuseRequest(answer: OwnAnswer): void {
    this.#leave?.()
    this.#upstream?.abandon()
    this.#answer(answer, 'aborted')
  }

  #follow(decision: Decision): void {
    switch (decision.kind) {
      case 'go':
        return this.#send(decision.ticket, true)
      case 'hold':
        return this.#hold(decision)
      case 'refuse':
        return this.#refuse(decision)
    }
  }

  #hold(decision: Decision & { kind: 'hold' }): void {
    this.#state = 'held'
    this.#stepMs = this.#context.clock.monotonic()
    this.#leave = () => decision.leave()
    decision.settled.then(
      (settled) => {
        this.#heldMs += this.#context.clock.monotonic() - this.#stepMs
        this.#leave = undefined
        if (this.#state !== 'over') return this.#follow(settled)
        if (settled.kind === 'go') settled.ticket.done('aborted')
      },
      (error: unknown) => {
        this.#context.log.error('a held request failed inside the edge', { error, requestId: this.#request.id })
        this.#leave = undefined
        if (this.#state !== 'over') this.#answer({ status: 503, text: 'The edge could not place this request.', retryAfterS: 1 }, 'refused')
      },
    )
  }

  #send(ticket: Ticket, mayReuse: boolean): void {
    const { pool, wheel } = this.#context
    this.#ticket = ticket
    this.#attempts++
    const usedAfterMs = this.#request.isIdempotent ? -Infinity : wheel.nowMs - freshForUnsafeMs
    const pooled = mayReuse && this.#request.upgrade === '' ? pool.take(ticket, usedAfterMs) : undefined
    if (pooled !== undefined) {
      this.#upstream = pooled
      pooled.attach(this)
      return this.#sendHead(pooled)
    }
    this.#state = 'connecting'
    this.#stepMs = this.#context.clock.monotonic()
    this.#upstream = new UpstreamConnection(this.#context.upstreamDeps, ticket.poolKey, ticket.address, ticket.port, this)
    pool.all.add(this.#upstream)
  }

  upstreamConnected(): void {
    this.#connectMs = this.#context.clock.monotonic() - this.#stepMs
    if (this.#upstream !== undefined) this.#sendHead(this.#upstream)
  }

  #sendHead(upstream: UpstreamConnection): void {
    const request = this.#request
    const kept = this.#kept ?? noPieces
    const isChunked = request.body === 'chunked'
    this.#state = 'sent'
    let text = request.headText
    if (request.upgrade !== '') text += `Connection: Upgrade\r\nUpgrade: ${request.upgrade}\r\n`
    else if (isChunked) text += 'Transfer-Encoding: chunked\r\n'
    else if (request.body === 'length') text += `Content-Length: ${request.bodyBytes}\r\n`
    text += '\r\n'
    if (kept.length === 0) upstream.sendHead(request.method, text, isChunked, this.#isRequestComplete && !isChunked)
    else if (!isChunked && this.#keptBytes <= joinedBodyBytes) {
      for (const piece of kept) text += piece.toString('latin1')
      upstream.sendHead(request.method, text, false, this.#isRequestComplete)
    } else {
      upstream.bracket(true)
      upstream.sendHead(request.method, text, isChunked, false)
      for (const piece of kept) upstream.sendBody(piece)
      upstream.bracket(false)
    }
    if (this.#isRequestComplete) upstream.endBody(this.#requestTrailers)
    if (this.#keptBytes > this.#context.limits.heldBodyBytes) this.#kept = undefined
    if (this.#isBodyPaused && upstream.isTakingMore) this.#resumeBody()
    else if (!upstream.isTakingMore && !this.#isRequestComplete) this.#pauseBody()
  }

  upstreamInterim(head: ResponseHead, source: Buffer): void {
    this.#stream.interim(head, source)
  }

  upstreamResponse(head: ResponseHead, source: Buffer, range: BodyRange, body: ResponseBody, isComplete: boolean): void {
    this.#state = 'responding'
    this.#hasAnswered = true
    this.#kept = undefined
    this.#status = head.status
    this.#firstByteMs = this.#context.clock.monotonic() - this.startedMs
    this.#responseBodyBytes = range.to - range.from
    this.#stream.respond(head, source, range, body, isComplete)
  }
  upstreamBody(source: Buffer, range: BodyRange): void {
    this.#responseBodyBytes += range.to - range.from
    this.#stream.body(source, range)
  }
  upstreamEnd(trailers: string): void {
    this.#stream.end(trailers)
  }
  upstreamFinished(): void {
    this.#upstream = undefined
    this.#over('ok')
    this.#stream.finished()
  }
  upstreamMayRead(): boolean {
    return this.#stream.isFlushed
  }
  upstreamBracket(isOpening: boolean): void {
    this.#stream.bracket(isOpening)
  }
  upstreamDrained(): void {
    if (this.#isBodyPaused || this.#state === 'tunnel') this.#resumeBody()
  }

  upstreamSwitched(head: ResponseHead, source: Buffer, range: BodyRange): void {
    if (this.#request.upgrade === '') {
      this.#upstream?.abandon()
      this.#upstream = undefined
      return this.#badGateway('PU02', 'the app switched protocols without being asked')
    }
    this.#state = 'tunnel'
    this.#hasAnswered = true
    this.#status = 101
    this.#firstByteMs = this.#context.clock.monotonic() - this.startedMs
    this.#context.counters.tunnels++
    this.#stream.switchProtocols(head, source)
    if (range.to > range.from) this.upstreamBytes(source, range)
  }
  upstreamBytes(source: Buffer, range: BodyRange): void {
    this.#responseBodyBytes += range.to - range.from
    this.#stream.sendBytes(source, range)
  }
  upstreamHalfClosed(): void {
    this.#stream.endBytes()
  }

  upstreamBroken(failure: UpstreamFailure, reason: string): void {
    const upstream = this.#upstream
    const ticket = this.#ticket
    this.#upstream = undefined
    if (upstream === undefined || ticket === undefined || this.#state === 'over') return
    if (this.#state === 'tunnel') {
      this.#over('ok')
      return this.#stream.cut()
    }
    if (this.#hasAnswered) {
      this.#report('PU02', `the answer broke off: ${reason}`)
      this.#over('bad-response')
      return this.#stream.cut()
    }
    const wasSent = this.#state === 'sent'
    const isRepeatable = !wasSent || (failure === 'reset' && this.#request.isIdempotent && this.#kept !== undefined)
    if (failure === 'bad') return this.#badGateway('PU02', `the app's answer was malformed or broke off: ${reason}`)
    if (!isRepeatable || this.#attempts >= maxAttempts) {
      if (failure === 'timeout') return this.#badGateway('PC05', `the app did not answer: ${reason}`, 504)
      return this.#badGateway('PC03', `the app closed the connection without an answer: ${reason}`)
    }
    if (wasSent && upstream.uses > 1 && !this.#isRetriedFresh) {
      // A pooled connection that the app had closed by then says nothing about the app.
      this.#isRetriedFresh = true
      return this.#send(ticket, false)
    }
    this.#report(failure === 'refused' ? 'PC01' : failure === 'reset' ? 'PC03' : 'PC05', `${ticket.address}:${ticket.port}: ${reason}`)
    this.#ticket = undefined
    this.#isRetriedFresh = false
    this.#follow(ticket.failed(failure))
  }

  #refuse(refusal: Refusal): void {
    if (refusal.app !== undefined) {
      this.#context.onProxyError({ code: refusal.code, message: refusal.message, requestId: this.#request.id, app: refusal.app })
    }
    const { status, message, retryAfterS } = refusal
    this.#answer({ status, text: message, ...(retryAfterS === undefined ? {} : { retryAfterS }) }, 'refused')
  }
  #badGateway(code: string, reason: string, status = 502): void {
    this.#report(code, reason)
    this.#answer({ status, text: status === 504 ? 'The app did not answer in time.' : 'The app gave no valid answer.' }, 'bad-response')
  }
  #report(code: string, message: string): void {
    const ticket = this.#ticket
    if (ticket !== undefined) this.#context.onProxyError({ code, message, requestId: this.#request.id, app: ticket.app, machine: ticket.machine })
  }
  #answer(answer: OwnAnswer, outcome: RequestLogEntry['outcome']): void {
    this.#hasAnswered = true
    this.#status = answer.status
    this.#firstByteMs = this.#context.clock.monotonic() - this.startedMs
    this.#stream.answer(answer)
    this.#over(outcome)
    this.#stream.finished()
  }

  #pauseBody(): void {
    if (this.#isBodyPaused) return
    this.#isBodyPaused = true
    this.#stream.pauseBody()
  }
  #resumeBody(): void {
    this.#isBodyPaused = false
    this.#stream.resumeBody()
  }

  #over(outcome: RequestLogEntry['outcome']): void {
    if (this.#state === 'over') return
    const { counters, clock, region } = this.#context
    if (this.#state === 'tunnel') counters.tunnels--
    this.#state = 'over'
    this.#kept = undefined
    this.#upstream = undefined
    counters.inFlight--
    const ticket = this.#ticket
    if (ticket !== undefined) ticket.done(outcome === 'ok' ? 'ok' : outcome === 'aborted' ? 'aborted' : 'bad-response')
    const request = this.#request
    const query = request.target.indexOf('?')
    this.#context.onRequestLog({
      timeMs: request.receivedAtMs,
      requestId: request.id,
      method: request.method,
      host: request.facts.hostname,
      path: query < 0 ? request.target : request.target.slice(0, query),
      status: this.#status,
      outcome,
      requestBodyBytes: this.#requestBodyBytes,
      responseBodyBytes: this.#responseBodyBytes,
      totalMs: clock.monotonic() - this.startedMs,
      connectMs: this.#connectMs,
      firstByteMs: this.#firstByteMs,
      heldMs: this.#heldMs,
      attempts: this.#attempts,
      edgeRegion: region,
      clientAddress: this.#stream.clientAddress,
      app: ticket?.app,
      machine: ticket?.machine,
      machineRegion: ticket?.region,
    })
  }
}
