import { fault } from '../fault/fault.ts'
import type { InstanceId, LeaseNonce, MachineId } from '../ids.ts'
import type { MachineLease } from './machine-record.ts'

/** The lease that holds now; an expired one is none. */
export const liveLease = (lease: MachineLease | undefined, nowMs: number): MachineLease | undefined =>
  lease !== undefined && lease.expiresAt * 1000 > nowMs ? lease : undefined

/** While a machine is leased, a change needs the lease's nonce (platform-semantics §3.2). Fault lease_held. */
export function checkLease(id: MachineId, lease: MachineLease | undefined, nonce: LeaseNonce | undefined, nowMs: number): void {
  const held = liveLease(lease, nowMs)
  if (held === undefined || held.nonce === nonce) return
  throw fault('lease_held', { id, owner: held.owner, expiresAt: new Date(held.expiresAt * 1000).toISOString() })
}

/** A new lease, or with its nonce the same one prolonged. Faults lease_held, lease_not_found (a nonce of no lease). */
export function takeLease(
  id: MachineId,
  current: MachineLease | undefined,
  wish: {
    readonly ttlMs: number
    readonly owner: string
    readonly description: string
    readonly nonce?: LeaseNonce
    readonly newNonce: LeaseNonce
    readonly version: InstanceId
  },
  nowMs: number,
): MachineLease {
  checkLease(id, current, wish.nonce, nowMs)
  const held = liveLease(current, nowMs)
  const expiresAt = Math.ceil((nowMs + wish.ttlMs) / 1000)
  if (held !== undefined) return { ...held, expiresAt, version: wish.version }
  if (wish.nonce !== undefined) throw fault('lease_not_found', { id })
  return { nonce: wish.newNonce, owner: wish.owner, description: wish.description, expiresAt, version: wish.version }
}
