import { ConnectionOptions } from './connection-options.ts'
import { Field } from './field-names.ts'
import { FieldLines, fieldSet, maxHeadBytes, whenComplete } from './field-lines.ts'
import { HeadFault, incomplete } from './head-fault.ts'
import { isValidAuthority } from './authority.ts'
import { CR, isSameToken, LF, latin1, parseDecimal, SP, targetOctet } from './octets.ts'

/** The methods that Node.js, the commonest app server, accepts; an unknown one is refused here rather than read differently there. */
export const methods: ReadonlySet<string> = new Set(
  'ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE'.split(
    ' ',
  ),
)
/** RFC 9110 §9.2.2. */
const idempotentMethods: ReadonlySet<string> = new Set('GET HEAD OPTIONS TRACE PUT DELETE QUERY PROPFIND SEARCH REPORT'.split(' '))

const GET = 0x47455420 // 'GET '
const HTTP = 0x48545450 // 'HTTP'

/** Fields of a request that do not pass on as they are: the edge regenerates or swallows them. */
export const requestDropped = fieldSet(
  Field.reserved,
  Field.contentLength,
  Field.transferEncoding,
  Field.connection,
  Field.hopByHop,
  Field.upgrade,
  Field.forwardedFor,
  Field.forwardedPort,
  Field.preferRegion,
  Field.forceRegion,
  Field.preferInstance,
  Field.forceInstance,
  Field.requestId,
)

/** One request's head. Reused: what is wanted of it is read before the next `parse`. Positions are offsets in the parsed buffer. */
export class RequestHead {
  method = ''
  isIdempotent = false
  /** Of HTTP/1.x: 0 or 1. */
  minorVersion = 1
  /** Of the target in origin form (or `*`). Empty range: the absolute form had no path, so `/`. */
  targetFrom = 0
  targetTo = 0
  /** Of Host, port included. */
  hostFrom = 0
  hostTo = 0
  /** −1: none given. */
  contentLength = -1
  isChunked = false
  expectsContinue = false
  /** Of the Upgrade value, when the connection asks for one that may be passed on; else both 0. */
  upgradeFrom = 0
  upgradeTo = 0
  /** Whether a field of the edge's own (x-forwarded-for, fly-prefer-region …) came from the client. */
  hasEdgeFields = false
  fieldsFrom = 0
  end = 0
  readonly lines = new FieldLines()
  readonly options = new ConnectionOptions()

  /**
   * Reads one head at `from`. Returns the position after it, `incomplete`, or a HeadFault. RFC 9112 §3–§6, read strictly: whatever two
   * readers could take differently is a fault.
   */
  parse(source: Buffer, from: number, to: number): number {
    const limit = Math.min(to, from + maxHeadBytes)
    const result = this.#parse(source, from, limit)
    return result === incomplete && to - from >= maxHeadBytes ? HeadFault.tooLarge : result
  }

  #parse(source: Buffer, from: number, to: number): number {
    let at = from
    // RFC 9112 §2.2: one empty line before a request is ignored.
    if (to - at >= 2 && source[at] === CR && source[at + 1] === LF) at += 2
    const afterStart = this.#startLine(source, at, to)
    if (afterStart < 0) return afterStart
    this.fieldsFrom = afterStart
    const end = this.lines.scan(source, afterStart, to)
    if (end < 0) return end
    this.end = end
    const fault = this.#readFields(source)
    return fault === 0 ? end : fault
  }

  #startLine(source: Buffer, from: number, to: number): number {
    if (to - from < 16) {
      const lineFeed = source.indexOf(LF, from)
      if (lineFeed < 0 || lineFeed >= to) return incomplete
    }
    let at = from
    if (to - from > 4 && source.readInt32BE(from) === GET) {
      this.method = 'GET'
      this.isIdempotent = true
      at = from + 3
    } else {
      while (at < to && at - from < 32 && source[at] !== SP && targetOctet[source[at] as number] === 1) at++
      const method = latin1(source, from, at)
      if (source[at] !== SP || at >= to || !methods.has(method)) return whenComplete(this.#startFault(source, from, at, to), source, at, to)
      this.method = method
      this.isIdempotent = idempotentMethods.has(method)
    }
    const targetFrom = ++at
    while (at < to && targetOctet[source[at] as number] === 1) at++
    if (at >= to) return incomplete
    if (source[at] !== SP) return whenComplete(source[at] === LF ? HeadFault.startLine : HeadFault.target, source, at, to)
    const targetTo = at++
    // 'HTTP/1.x' CR LF
    if (at + 10 > to) return whenComplete(HeadFault.startLine, source, at, to)
    if (source.readInt32BE(at) !== HTTP || source[at + 4] !== 47 || source[at + 6] !== 46) return whenComplete(HeadFault.startLine, source, at, to)
    const major = (source[at + 5] as number) - 48
    const minor = (source[at + 7] as number) - 48
    if (major < 0 || major > 9 || minor < 0 || minor > 9) return whenComplete(HeadFault.startLine, source, at, to)
    if (source[at + 8] !== CR || source[at + 9] !== LF) return whenComplete(HeadFault.startLine, source, at, to)
    if (major !== 1 || minor > 1) return HeadFault.version
    this.minorVersion = minor
    this.targetFrom = targetFrom
    this.targetTo = targetTo
    return at + 10
  }

  #startFault(source: Buffer, from: number, at: number, to: number): number {
    return at < to && source[at] === SP && at > from ? HeadFault.method : HeadFault.startLine
  }

  #readFields(source: Buffer): number {
    const { lines, options } = this
    this.contentLength = -1
    this.isChunked = false
    this.expectsContinue = false
    this.hasEdgeFields = false
    this.upgradeFrom = this.upgradeTo = 0
    this.hostFrom = this.hostTo = 0
    options.clear()
    let hosts = 0
    let lengths = 0
    let codings = 0
    let upgrades = 0
    for (let line = 0; line < lines.count; line++) {
      const field = lines.field(line)
      if (field === Field.other) continue
      const from = lines.valueStart(line)
      const to = lines.valueEnd(line)
      switch (field) {
        case Field.host:
          hosts++
          this.hostFrom = from
          this.hostTo = to
          break
        case Field.contentLength:
          lengths++
          this.contentLength = parseDecimal(source, from, to)
          if (this.contentLength < 0) return HeadFault.length
          break
        case Field.transferEncoding:
          codings++
          // Even blanks after the coding are read differently by some.
          if (!isSameToken(source, from, to, 'chunked') || source[to] !== CR) return HeadFault.coding
          this.isChunked = true
          break
        case Field.connection:
          options.add(source, from, to)
          break
        case Field.upgrade:
          upgrades++
          this.upgradeFrom = from
          this.upgradeTo = to
          break
        case Field.expect:
          if (!isSameToken(source, from, to, '100-continue')) return HeadFault.expect
          this.expectsContinue = true
          break
        case Field.forwardedFor:
        case Field.forwardedPort:
        case Field.preferRegion:
        case Field.forceRegion:
        case Field.preferInstance:
        case Field.forceInstance:
          this.hasEdgeFields = true
          break
        case Field.reserved:
        case Field.hopByHop:
        case Field.date:
        case Field.server:
        case Field.requestId:
        case Field.dropped:
          break
      }
    }
    if (hosts > 1) return HeadFault.hostRepeated
    // HTTP/1.0 may leave it out, but then nothing says which app is meant, and what goes on is HTTP/1.1.
    if (hosts === 0) return HeadFault.hostMissing
    if (!isValidAuthority(source, this.hostFrom, this.hostTo)) return HeadFault.host
    if (lengths > 1) return HeadFault.lengthRepeated
    if (codings > 0 && lengths > 0) return HeadFault.lengthAndCoding
    if (codings > 1) return HeadFault.coding
    if (codings > 0 && this.minorVersion === 0) return HeadFault.codingVersion
    if (options.nominated !== undefined) options.dropNominated(source, lines)
    // An upgrade passes on only where nothing else could follow the head; h2c is never offered to an app behind a proxy.
    const mayUpgrade = upgrades === 1 && options.upgrade && this.minorVersion === 1 && this.contentLength <= 0 && !this.isChunked
    if (!mayUpgrade || isSameToken(source, this.upgradeFrom, this.upgradeTo, 'h2c') || this.upgradeFrom === this.upgradeTo)
      this.upgradeFrom = this.upgradeTo = 0
    return this.#readTarget(source)
  }

  /** Origin, absolute and asterisk form (RFC 9112 §3.2); the absolute form is brought to origin form and must name the same host. */
  #readTarget(source: Buffer): number {
    const first = source[this.targetFrom]
    if (first === 47) return 0
    if (this.method === 'CONNECT') return HeadFault.connect
    if (first === 42) return this.targetTo - this.targetFrom === 1 && this.method === 'OPTIONS' ? 0 : HeadFault.target
    const scheme = isSameToken(source, this.targetFrom, this.targetFrom + 7, 'http://')
      ? 7
      : isSameToken(source, this.targetFrom, this.targetFrom + 8, 'https://')
        ? 8
        : 0
    if (scheme === 0) return HeadFault.target
    const authorityFrom = this.targetFrom + scheme
    let at = authorityFrom
    while (at < this.targetTo && source[at] !== 47 && source[at] !== 63) at++
    if (!isValidAuthority(source, authorityFrom, at)) return HeadFault.target
    const isSame = isSameToken(source, authorityFrom, at, latin1(source, this.hostFrom, this.hostTo).toLowerCase())
    if (!isSame) return HeadFault.targetHost
    // `http://host?q`: no path to send on. Browsers and curl never write it, readers differ on it.
    if (source[at] === 63 && at < this.targetTo) return HeadFault.target
    this.targetFrom = at
    return 0
  }
}
