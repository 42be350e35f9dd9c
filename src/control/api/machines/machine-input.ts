import { parseGoDuration } from '../../../model/duration.ts'
import { fault } from '../../../model/fault/fault.ts'
import type { LeaseNonce } from '../../../model/ids.ts'
import type { MachineConfig } from '../../../model/machine/machine-config.ts'
import { checksOf } from '../../../model/service/service.ts'
import type { Guard } from '../../../protocol/host-port.ts'
import type { ApiContext } from '../route.ts'

export const nonceHeader = 'fly-machine-lease-nonce'

/** The caller's lease, if it sent one. */
export function guardOf(context: ApiContext): Guard {
  const nonce = context.header(nonceHeader)
  return nonce ? { nonce: nonce as LeaseNonce, source: 'user' } : { source: 'user' }
}

/** A stop's timeout: a Go duration, or a number of seconds; from a million on it is Go's nanoseconds. */
export function stopTimeoutMs(timeout: string | number | null | undefined): number | undefined {
  if (timeout === undefined || timeout === null || timeout === '') return undefined
  const isNumber = typeof timeout === 'number' || /^\d+$/.test(timeout)
  const ms = isNumber ? (Number(timeout) >= 1e6 ? Number(timeout) / 1e6 : Number(timeout) * 1000) : parseGoDuration('timeout', timeout)
  if (ms > 300_000) throw fault('invalid_value', { field: 'timeout', found: timeout, rule: 'at most 300 s' })
  return ms
}

/** What the schema cannot say of a config: durations parse, and a check has a known type. */
export function checkConfig(config: MachineConfig): MachineConfig {
  checksOf(config)
  return config
}

/** `a,b` or repeated, as one list. */
export const listOf = (value: string | readonly string[] | undefined): readonly string[] =>
  (typeof value === 'string' ? [value] : (value ?? [])).flatMap((text) => text.split(',')).filter((text) => text !== '')

export const isTrue = (value: string | undefined): boolean => value === 'true' || value === '1'
