import { BodyReader } from '../../../src/edge/codec/body-reader.ts'
import { Chunk } from '../../../src/edge/codec/chunked-body.ts'
import { faultReason, incomplete } from '../../../src/edge/codec/head-fault.ts'
import { latin1 } from '../../../src/edge/codec/octets.ts'
import { RequestHead } from '../../../src/edge/codec/request-head.ts'

export interface ReadRequest {
  readonly method: string
  readonly target: string
  readonly host: string
  readonly body: string
}
export interface Reading {
  readonly requests: readonly ReadRequest[]
  /** Why the connection ends here; undefined: everything was read. */
  readonly fault?: string
  /** The last request is not whole. */
  readonly isPartial: boolean
  /** Bytes of the requests that were read to their end. */
  readonly consumedBytes: number
}

/** Reads a client's bytes as the edge does: requests one after the other until a fault or the end. */
export function readRequests(bytes: Buffer): Reading {
  const requests: ReadRequest[] = []
  const head = new RequestHead()
  let at = 0
  while (at < bytes.length) {
    const end = head.parse(bytes, at, bytes.length)
    if (end === incomplete) return { requests, isPartial: true, consumedBytes: at }
    if (end < 0) return { requests, fault: faultReason(end), isPartial: false, consumedBytes: at }
    const request = {
      method: head.method,
      target: head.targetFrom === head.targetTo ? '/' : latin1(bytes, head.targetFrom, head.targetTo),
      host: latin1(bytes, head.hostFrom, head.hostTo),
    }
    const reader = new BodyReader()
    reader.begin(head.isChunked ? 'chunked' : head.contentLength >= 0 ? 'length' : 'none', head.contentLength)
    let body = ''
    let found = reader.next(bytes, end, bytes.length)
    while (found === Chunk.piece) {
      body += latin1(bytes, reader.from, reader.to)
      found = reader.next(bytes, reader.at, bytes.length)
    }
    if (found === Chunk.bad) return { requests, fault: 'a malformed chunk', isPartial: false, consumedBytes: at }
    if (found === Chunk.more) return { requests, isPartial: true, consumedBytes: at }
    requests.push({ ...request, body })
    at = reader.at
    if (head.options.close || (head.minorVersion === 0 && !head.options.keepAlive)) break
  }
  return { requests, isPartial: false, consumedBytes: at }
}
