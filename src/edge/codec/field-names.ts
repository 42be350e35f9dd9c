import { foldedToken } from './octets.ts'

/** Fields that the edge reads or takes out; every other name is `other` and passes as it is. */
export const Field = {
  other: 0,
  /** Reserved: dropped on its way in. */
  reserved: 1,
  host: 2,
  contentLength: 3,
  transferEncoding: 4,
  connection: 5,
  /** Hop-by-hop by name: keep-alive, proxy-connection, te, proxy-authenticate … */
  hopByHop: 6,
  upgrade: 7,
  expect: 8,
  forwardedFor: 9,
  forwardedPort: 10,
  preferRegion: 11,
  forceRegion: 12,
  preferInstance: 13,
  forceInstance: 14,
  date: 15,
  server: 16,
  requestId: 17,
  /** Taken out after it was read, such as a field that Connection nominates. */
  dropped: 18,
} as const
export type Field = (typeof Field)[keyof typeof Field]

const names: readonly (readonly [string, Field])[] = [
  ['host', Field.host],
  ['content-length', Field.contentLength],
  ['transfer-encoding', Field.transferEncoding],
  ['connection', Field.connection],
  ['keep-alive', Field.hopByHop],
  ['proxy-connection', Field.hopByHop],
  ['proxy-authenticate', Field.hopByHop],
  ['proxy-authorization', Field.hopByHop],
  ['te', Field.hopByHop],
  ['http2-settings', Field.hopByHop],
  ['upgrade', Field.upgrade],
  ['expect', Field.expect],
  ['date', Field.date],
  ['server', Field.server],
  ['x-forwarded-for', Field.forwardedFor],
  ['x-forwarded-port', Field.forwardedPort],
  ['x-real-ip', Field.reserved],
  ['x-request-start', Field.reserved],
  ['forwarded', Field.reserved],
  ['fly-prefer-region', Field.preferRegion],
  ['fly-force-region', Field.forceRegion],
  ['fly-prefer-instance-id', Field.preferInstance],
  ['fly-force-instance-id', Field.forceInstance],
  ['fly-request-id', Field.requestId],
]
const reservedPrefixes = ['fly-', 'x-forwarded-']

/** One step of the hash over folded name characters, so that the scanner computes it on its way. */
export const hashStep = (hash: number, folded: number): number => (Math.imul(hash, 33) + folded) | 0
const slotCount = 512
const slotOf = (hash: number, shift: number): number => (hash ^ (hash >>> shift)) & (slotCount - 1)
const hashOf = (name: string): number => [...Buffer.from(name)].reduce((hash, octet) => hashStep(hash, foldedToken[octet] ?? 0), 0)

/** A shift under which no two names share a slot, so that a look-up compares once. */
const shift = Array.from({ length: 31 }, (_, i) => i + 1).find((s) => new Set(names.map(([name]) => slotOf(hashOf(name), s))).size === names.length)
if (shift === undefined) throw new Error('field names collide: enlarge the table')
const slotNames: (string | undefined)[] = Array.from({ length: slotCount }, () => undefined)
const slotFields = new Uint8Array(slotCount)
for (const [name, field] of names) {
  slotNames[slotOf(hashOf(name), shift)] = name
  slotFields[slotOf(hashOf(name), shift)] = field
}

/** Which field a name is, given its folded hash. A disguised name (`content_length`) is reserved, so never read and never passed on. */
export function identifyField(hash: number, source: Buffer, from: number, to: number): Field {
  const slot = slotOf(hash, shift ?? 1)
  const name = slotNames[slot]
  if (name !== undefined && name.length === to - from && isFolded(source, from, name)) {
    return isDisguised(source, from, to) ? Field.reserved : (slotFields[slot] as Field)
  }
  const first = source[from]
  if (first === 102 || first === 70 || first === 120 || first === 88) {
    for (const prefix of reservedPrefixes) if (to - from > prefix.length && isFolded(source, from, prefix)) return Field.reserved
  }
  return Field.other
}

function isFolded(source: Buffer, from: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) if (foldedToken[source[from + i] ?? 0] !== name.charCodeAt(i)) return false
  return true
}

function isDisguised(source: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (source[i] === 95) return true
  return false
}
