import { ConnectionOptions } from './connection-options.ts'
import { Field } from './field-names.ts'
import { FieldLines, fieldSet, maxHeadBytes, whenComplete } from './field-lines.ts'
import { HeadFault, incomplete } from './head-fault.ts'
import { CR, isSameToken, LF, parseDecimal, SP, valueOctet } from './octets.ts'

const HTTP = 0x48545450 // 'HTTP'

/** Fields of an app's response that do not pass on as they are. */
export const responseDropped = fieldSet(
  Field.contentLength,
  Field.transferEncoding,
  Field.connection,
  Field.hopByHop,
  Field.upgrade,
  Field.server,
  Field.requestId,
)

/** How the end of a response's body is found (RFC 9112 §6.3). */
export type ResponseBody = 'none' | 'length' | 'chunked' | 'until-close'

/** One response's head. Reused like RequestHead; positions are offsets in the parsed buffer. */
export class ResponseHead {
  status = 0
  minorVersion = 1
  /** Of the status line when it can be passed on as it stands; −1 when it must be made anew. */
  statusFrom = 0
  /** Of the reason phrase, which may be empty. */
  reasonFrom = 0
  reasonTo = 0
  /** −1: none given. */
  contentLength = -1
  isChunked = false
  hasDate = false
  upgradeFrom = 0
  upgradeTo = 0
  fieldsFrom = 0
  end = 0
  readonly lines = new FieldLines()
  readonly options = new ConnectionOptions()

  /** Reads one head at `from`. Returns the position after it, `incomplete`, or a HeadFault. */
  parse(source: Buffer, from: number, to: number): number {
    const limit = Math.min(to, from + maxHeadBytes)
    const result = this.#parse(source, from, limit)
    return result === incomplete && to - from >= maxHeadBytes ? HeadFault.tooLarge : result
  }

  #parse(source: Buffer, from: number, to: number): number {
    const afterStart = this.#statusLine(source, from, to)
    if (afterStart < 0) return afterStart
    this.fieldsFrom = afterStart
    const end = this.lines.scan(source, afterStart, to)
    if (end < 0) return end
    this.end = end
    const fault = this.#readFields(source)
    return fault === 0 ? end : fault
  }

  #statusLine(source: Buffer, from: number, to: number): number {
    // 'HTTP/1.1 200' CR LF
    if (to - from < 14) return whenComplete(HeadFault.startLine, source, from, to)
    if (source.readInt32BE(from) !== HTTP || source[from + 4] !== 47 || source[from + 6] !== 46 || source[from + 8] !== SP) {
      return whenComplete(HeadFault.startLine, source, from, to)
    }
    const minor = (source[from + 7] as number) - 48
    if (source[from + 5] !== 49 || minor < 0 || minor > 1) return whenComplete(HeadFault.version, source, from, to)
    const status = parseDecimal(source, from + 9, from + 12)
    if (status < 100 || status > 599) return whenComplete(HeadFault.startLine, source, from, to)
    let at = from + 12
    if (source[at] === SP) at++
    else if (source[at] !== CR) return whenComplete(HeadFault.startLine, source, at, to)
    this.reasonFrom = at
    while (at < to && valueOctet[source[at] as number] === 1) at++
    this.reasonTo = at
    if (at + 1 >= to) return whenComplete(HeadFault.startLine, source, at, to)
    if (source[at] !== CR || source[at + 1] !== LF) return whenComplete(HeadFault.startLine, source, at, to)
    this.status = status
    this.minorVersion = minor
    this.statusFrom = minor === 1 && this.reasonFrom === from + 13 ? from : -1
    return at + 2
  }

  #readFields(source: Buffer): number {
    const { lines, options } = this
    this.contentLength = -1
    this.isChunked = false
    this.hasDate = false
    this.upgradeFrom = this.upgradeTo = 0
    options.clear()
    let lengths = 0
    let codings = 0
    for (let line = 0; line < lines.count; line++) {
      const field = lines.field(line)
      if (field === Field.other) continue
      const from = lines.valueStart(line)
      const to = lines.valueEnd(line)
      if (field === Field.contentLength) {
        lengths++
        this.contentLength = parseDecimal(source, from, to)
        if (this.contentLength < 0) return HeadFault.length
      } else if (field === Field.transferEncoding) {
        codings++
        // Even blanks after the coding are read differently by some.
        if (!isSameToken(source, from, to, 'chunked') || source[to] !== CR) return HeadFault.coding
        this.isChunked = true
      } else if (field === Field.connection) options.add(source, from, to)
      else if (field === Field.date) this.hasDate = true
      else if (field === Field.upgrade) {
        this.upgradeFrom = from
        this.upgradeTo = to
      }
    }
    if (lengths > 1) return HeadFault.lengthRepeated
    if (codings > 1) return HeadFault.coding
    if (codings > 0 && lengths > 0) return HeadFault.lengthAndCoding
    if (codings > 0 && this.minorVersion === 0) return HeadFault.codingVersion
    if (options.nominated !== undefined) options.dropNominated(source, lines)
    return 0
  }

  /** How the body of this response to a request of `method` ends. */
  body(method: string): ResponseBody {
    if (method === 'HEAD' || this.status < 200 || this.status === 204 || this.status === 304) return 'none'
    if (this.isChunked) return 'chunked'
    return this.contentLength >= 0 ? 'length' : 'until-close'
  }
  /** Whether the app keeps the connection open after this response. */
  get isPersistent(): boolean {
    return this.minorVersion === 1 && !this.options.close
  }
}
