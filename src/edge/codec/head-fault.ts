/** Not all of the head is there yet; nothing wrong in the lines that are. */
export const incomplete = -1

/** Why a head is refused: RFC 9112 unless stated. Negative, so that a scan returns either a position or one of these. */
export const HeadFault = {
  tooLarge: -2,
  tooManyLines: -3,
  version: -4,
  bareLineFeed: -5,
  bareCarriageReturn: -6,
  folded: -7,
  emptyName: -8,
  name: -9,
  spaceBeforeColon: -10,
  value: -11,
  startLine: -12,
  method: -13,
  target: -14,
  hostMissing: -15,
  hostRepeated: -16,
  host: -17,
  targetHost: -18,
  lengthRepeated: -19,
  length: -20,
  lengthAndCoding: -21,
  coding: -22,
  codingVersion: -23,
  expect: -24,
  upgrade: -25,
  connect: -26,
} as const
export type HeadFault = (typeof HeadFault)[keyof typeof HeadFault]

const reasons: Readonly<Record<HeadFault, string>> = {
  [HeadFault.tooLarge]: 'the head is larger than 64 KB',
  [HeadFault.tooManyLines]: 'the head has more than 200 lines',
  [HeadFault.version]: 'only HTTP/1.0 and HTTP/1.1 are spoken here',
  [HeadFault.bareLineFeed]: 'a line ends without a carriage return',
  [HeadFault.bareCarriageReturn]: 'a carriage return without a line feed',
  [HeadFault.folded]: 'a folded header line',
  [HeadFault.emptyName]: 'a header line without a name',
  [HeadFault.name]: 'a header name with a character that is not allowed',
  [HeadFault.spaceBeforeColon]: 'white space between a header name and its colon',
  [HeadFault.value]: 'a header value with a control character',
  [HeadFault.startLine]: 'a malformed start line',
  [HeadFault.method]: 'an unknown method',
  [HeadFault.target]: 'a malformed request target',
  [HeadFault.hostMissing]: 'no Host header',
  [HeadFault.hostRepeated]: 'more than one Host header',
  [HeadFault.host]: 'a malformed Host header',
  [HeadFault.targetHost]: 'the request target names another host than the Host header',
  [HeadFault.lengthRepeated]: 'more than one Content-Length',
  [HeadFault.length]: 'a malformed Content-Length',
  [HeadFault.lengthAndCoding]: 'both Content-Length and Transfer-Encoding',
  [HeadFault.coding]: 'a Transfer-Encoding other than chunked',
  [HeadFault.codingVersion]: 'Transfer-Encoding in HTTP/1.0',
  [HeadFault.expect]: 'an expectation other than 100-continue',
  [HeadFault.upgrade]: 'an Upgrade that does not fit its message',
  [HeadFault.connect]: 'CONNECT is not offered here',
}
export const faultReason = (fault: number): string => reasons[fault as HeadFault] ?? 'a malformed message'

export function faultStatus(fault: number): 400 | 405 | 417 | 431 | 505 {
  switch (fault) {
    case HeadFault.tooLarge:
    case HeadFault.tooManyLines:
      return 431
    case HeadFault.version:
      return 505
    case HeadFault.connect:
      return 405
    case HeadFault.expect:
      return 417
    default:
      return 400
  }
}
