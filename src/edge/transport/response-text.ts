import { STATUS_CODES } from 'node:http'
import { latin1 } from '../codec/octets.ts'
import { type ResponseBody, type ResponseHead, responseDropped } from '../codec/response-head.ts'
import type { OwnAnswer } from './client-stream.ts'
import { viaName } from './forward-head.ts'

/** How an HTTP/1.1 client is answered: what it speaks, and whether its connection ends with the answer. */
export interface AnswerMode {
  readonly isHttp10: boolean
  readonly willClose: boolean
  readonly dateText: string
}

/** What the edge adds to every answer (platform-semantics §1.7). */
const edgeFields = (requestId: string): string => `Server: ${viaName}\r\nVia: 1.1 ${viaName}\r\nFly-Request-Id: ${requestId}\r\n`
const connectionField = (mode: AnswerMode): string => (mode.willClose ? 'Connection: close\r\n' : mode.isHttp10 ? 'Connection: keep-alive\r\n' : '')

const startAndFields = (head: ResponseHead, source: Buffer): string =>
  head.statusFrom >= 0
    ? head.lines.kept(source, head.statusFrom, head.end, responseDropped)
    : `HTTP/1.1 ${head.status} ${latin1(source, head.reasonFrom, head.reasonTo)}\r\n${head.lines.kept(source, head.fieldsFrom, head.end, responseDropped)}`

/** The head of an app's answer as the client gets it, empty line included. Framing and connection fields are the edge's. */
export function responseHeadText(head: ResponseHead, source: Buffer, body: ResponseBody, requestId: string, mode: AnswerMode): string {
  let text = startAndFields(head, source) + edgeFields(requestId)
  if (!head.hasDate) text += `Date: ${mode.dateText}\r\n`
  if (body === 'length' || (body === 'none' && head.contentLength >= 0 && head.status !== 204)) text += `Content-Length: ${head.contentLength}\r\n`
  else if ((body === 'chunked' || body === 'until-close') && !mode.isHttp10) text += 'Transfer-Encoding: chunked\r\n'
  return `${text}${connectionField(mode)}\r\n`
}

export const interimText = (head: ResponseHead, source: Buffer): string => `${startAndFields(head, source)}\r\n`

export const switchText = (head: ResponseHead, source: Buffer, requestId: string): string =>
  `${startAndFields(head, source)}${edgeFields(requestId)}Connection: Upgrade\r\nUpgrade: ${latin1(source, head.upgradeFrom, head.upgradeTo)}\r\n\r\n`

export function ownAnswerText(answer: OwnAnswer, requestId: string, isHead: boolean, mode: AnswerMode): string {
  const text = `${answer.text}\n`
  return (
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(text)}\r\n` +
    `Date: ${mode.dateText}\r\nCache-Control: no-store\r\n${answer.retryAfterS === undefined ? '' : `Retry-After: ${answer.retryAfterS}\r\n`}` +
    `${edgeFields(requestId)}${connectionField(mode)}\r\n${isHead ? '' : text}`
  )
}
