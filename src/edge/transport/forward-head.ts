import { Field } from '../codec/field-names.ts'
import { latin1, parseDecimal } from '../codec/octets.ts'
import { type RequestHead, requestDropped } from '../codec/request-head.ts'
import type { RequestFacts } from '../contract.ts'

/** What is the same for all requests of one client connection. */
export interface ConnectionFacts {
  readonly clientAddress: string
  readonly localAddress: string
  readonly externalPort: number
  readonly isTls: boolean
  /** The fields that only the connection decides, each with CRLF. */
  readonly fieldText: string
}
export const viaName = 'kante'

/** Fly.io's request headers as far as the connection alone decides them (platform-semantics §1.7). */
export function connectionFacts(clientAddress: string, localAddress: string, externalPort: number, isTls: boolean, region: string): ConnectionFacts {
  const fieldText =
    `X-Forwarded-Proto: ${isTls ? 'https' : 'http'}\r\nX-Forwarded-SSL: ${isTls ? 'on' : 'off'}\r\n` +
    `Fly-Forwarded-Port: ${externalPort}\r\nFly-Client-IP: ${clientAddress}\r\nFly-Region: ${region}\r\nVia: 1.1 ${viaName}\r\n`
  return { clientAddress, localAddress, externalPort, isTls, fieldText }
}

/** IPv4 clients of a dual-stack socket by their own address. */
export const plainAddress = (address: string | undefined): string => (address?.startsWith('::ffff:') ? address.slice(7) : (address ?? ''))

/** Everything that goes to the app but the framing: request line, the client's fields without reserved and hop-by-hop ones, then the edge's. */
export function forwardHeadText(head: RequestHead, source: Buffer, target: string, facts: ConnectionFacts, requestId: string, nowMs: number): string {
  let forwardedFor = ''
  let forwardedPort: string = String(facts.externalPort)
  if (head.hasEdgeFields) {
    forwardedFor = listOf(head, source, Field.forwardedFor)
    if (forwardedFor !== '') forwardedFor += ', '
    forwardedPort = portOf(head, source) ?? forwardedPort
  }
  return (
    `${head.method} ${target} HTTP/1.1\r\n${head.lines.kept(source, head.fieldsFrom, head.end, requestDropped)}${facts.fieldText}` +
    `X-Forwarded-For: ${forwardedFor}${facts.clientAddress}, ${facts.localAddress}\r\nX-Forwarded-Port: ${forwardedPort}\r\n` +
    `Fly-Request-Id: ${requestId}\r\nX-Request-Start: t=${nowMs}000\r\n`
  )
}

/** All values of a field, joined as one list. */
function listOf(head: RequestHead, source: Buffer, field: Field): string {
  const values: string[] = []
  for (let line = 0; line < head.lines.count; line++) {
    if (head.lines.field(line) !== field) continue
    const value = latin1(source, head.lines.valueStart(line), head.lines.valueEnd(line))
    if (value !== '') values.push(value)
  }
  return values.join(', ')
}
/** Fly.io lets the client say it; what is no port is not passed on. */
function portOf(head: RequestHead, source: Buffer): string | undefined {
  const text = listOf(head, source, Field.forwardedPort)
  const bytes = Buffer.from(text, 'latin1')
  const port = bytes.length > 5 ? -1 : parseDecimal(bytes, 0, bytes.length)
  return port > 0 && port < 65_536 ? String(port) : undefined
}

/** What the brain hears of a request; the routing headers only from requests that carry any. */
export function requestFacts(head: RequestHead, source: Buffer, hostname: string, port: number, webSocket: boolean): RequestFacts {
  if (!head.hasEdgeFields) return { hostname, port, webSocket }
  const preferRegions = regionsOf(listOf(head, source, Field.preferRegion))
  const forceRegions = regionsOf(listOf(head, source, Field.forceRegion))
  const preferMachine = listOf(head, source, Field.preferInstance)
  const forceMachine = listOf(head, source, Field.forceInstance)
  return {
    hostname,
    port,
    webSocket,
    ...(preferRegions.length > 0 ? { preferRegions } : {}),
    ...(forceRegions.length > 0 ? { forceRegions } : {}),
    ...(preferMachine === '' ? {} : { preferMachine }),
    ...(forceMachine === '' ? {} : { forceMachine }),
  }
}
const regionsOf = (list: string): string[] =>
  list
    .split(',')
    .map((region) => region.trim().toLowerCase())
    .filter((region) => region !== '')

export const hostText = (head: RequestHead, source: Buffer): string => latin1(source, head.hostFrom, head.hostTo)
