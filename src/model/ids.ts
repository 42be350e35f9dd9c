import { fault } from './fault/fault.ts'

declare const brand: unique symbol
/** A string that only the functions of this file make, so that ids of different nouns never mix. */
export type Branded<Name extends string> = string & { readonly [brand]: Name }

export type OrgSlug = Branded<'OrgSlug'>
export type AppName = Branded<'AppName'>
/** 14 hex digits, stable for the life of a machine. */
export type MachineId = Branded<'MachineId'>
/** ULID of one version of a machine's config (Fly.io: `instance_id`). */
export type InstanceId = Branded<'InstanceId'>
export type RegionCode = Branded<'RegionCode'>
export type HostId = Branded<'HostId'>
export type EdgeId = Branded<'EdgeId'>
export type ReleaseId = Branded<'ReleaseId'>
export type DeployId = Branded<'DeployId'>
/** `sha256:<64 hex digits>` of a content-addressed object. */
export type Digest = Branded<'Digest'>
export type LeaseNonce = Branded<'LeaseNonce'>

/** Bytes of randomness; passed in so that decisions stay reproducible. */
export type RandomBytes = (size: number) => Uint8Array

const pattern = (name: string, regexp: RegExp, rule: string) => (text: string) => {
  if (!regexp.test(text)) throw fault('invalid_value', { field: name, found: text, rule })
  return text
}
const checkApp = pattern(
  'app name',
  /^[a-z][a-z0-9-]{0,61}[a-z0-9]$|^[a-z]$/,
  'lower-case letters, digits and dashes, 1–63 characters, starting with a letter',
)
const checkMachine = pattern('machine id', /^[0-9a-f]{14}$/, '14 hexadecimal digits')
const checkRegion = pattern('region', /^[a-z][a-z0-9]{1,9}$/, 'a region code such as fra, 2–10 lower-case letters or digits')
const checkOrg = pattern('org', /^[a-z][a-z0-9-]{0,61}$/, 'lower-case letters, digits and dashes, starting with a letter')
const checkHost = pattern('host id', /^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and dashes')
const checkDigest = pattern('digest', /^sha256:[0-9a-f]{64}$/, 'sha256: and 64 hexadecimal digits')
const checkUlid = pattern('instance id', /^[0-9A-HJKMNP-TV-Z]{26}$/, 'a ULID, 26 characters')

export const parseAppName = (text: string): AppName => checkApp(text) as AppName
export const parseMachineId = (text: string): MachineId => checkMachine(text) as MachineId
export const parseRegionCode = (text: string): RegionCode => checkRegion(text) as RegionCode
export const parseOrgSlug = (text: string): OrgSlug => checkOrg(text) as OrgSlug
export const parseHostId = (text: string): HostId => checkHost(text) as HostId
export const parseDigest = (text: string): Digest => checkDigest(text) as Digest
export const parseInstanceId = (text: string): InstanceId => checkUlid(text) as InstanceId
/** An edge has the name of the host it runs at, plus `-edge`. */
export const edgeIdOf = (host: HostId): EdgeId => `${host}-edge` as EdgeId
export const parseEdgeId = (text: string): EdgeId => checkHost(text) as EdgeId
export const digestOfHex = (hex: string): Digest => checkDigest(`sha256:${hex}`) as Digest

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
export const newMachineId = (random: RandomBytes): MachineId => hex(random(7)) as MachineId
export const newLeaseNonce = (random: RandomBytes): LeaseNonce => hex(random(6)) as LeaseNonce
export const newInstanceId = (nowMs: number, random: RandomBytes): InstanceId => ulid(nowMs, random) as InstanceId
export const newReleaseId = (nowMs: number, random: RandomBytes): ReleaseId => ulid(nowMs, random).toLowerCase() as ReleaseId
export const newDeployId = (nowMs: number, random: RandomBytes): DeployId => ulid(nowMs, random).toLowerCase() as DeployId

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
/** ULID: 48 bits of milliseconds, 80 random bits, Crockford base 32 (github.com/ulid/spec). */
export function ulid(nowMs: number, random: RandomBytes): string {
  let time = ''
  for (let left = nowMs, i = 0; i < 10; i++, left = Math.floor(left / 32)) time = crockford[left % 32] + time
  let bits = 0n
  for (const byte of random(10)) bits = (bits << 8n) | BigInt(byte)
  let tail = ''
  for (let i = 0; i < 16; i++, bits >>= 5n) tail = crockford[Number(bits & 31n)] + tail
  return time + tail
}
