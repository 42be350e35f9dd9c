import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isFault } from '../../model/fault/fault.ts'
import type { HostRecord } from '../../model/host.ts'
import type { MachineEndpoint } from '../../model/machine/machine-record.ts'
import { addressPool } from './address-pool.ts'

const host = { id: 'fra', region: { code: 'fra' } } as unknown as HostRecord

test('addresses are of the range, leave its first ones free, and rest before they come again', () => {
  const pool = addressPool({ base: '127.83.16.0', bits: 20 }, host)
  const first = pool.take([])
  assert.deepEqual(first, { address: '127.83.16.16' })
  pool.release(first)
  assert.deepEqual(pool.take([]), { address: '127.83.16.17' })
  assert.deepEqual(pool.take([], first), first)
})

test('no address is given twice while it is held, and an exhausted range says so', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(30)), (releases) => {
      const pool = addressPool({ base: '127.1.0.0', bits: 27 }, host)
      const held = new Map<string, MachineEndpoint>()
      for (const pick of releases) {
        try {
          const endpoint = pool.take([])
          assert.ok(!held.has(endpoint.address))
          held.set(endpoint.address, endpoint)
        } catch (error) {
          if (!isFault(error, 'insufficient_capacity')) throw error
          assert.equal(held.size, 15)
        }
        const victim = [...held.values()][pick]
        if (victim === undefined) continue
        pool.release(victim)
        held.delete(victim.address)
      }
    }),
  )
})

test('a recorded address is not given away', () => {
  const pool = addressPool({ base: '127.83.16.0', bits: 20 }, host)
  pool.hold({ address: '127.83.16.16' })
  assert.deepEqual(pool.take([]), { address: '127.83.16.17' })
})

test('without 127/8 each port gets one of its own, and keeps it through updates', () => {
  const pool = addressPool({ mode: 'ports', firstPort: 20_000, count: 3 }, host)
  const endpoint = pool.take([8080])
  assert.deepEqual(endpoint, { address: '127.0.0.1', portMap: { 8080: 20_000 } })
  assert.deepEqual(pool.take([8080, 9090], endpoint), { address: '127.0.0.1', portMap: { 8080: 20_000, 9090: 20_001 } })
})
