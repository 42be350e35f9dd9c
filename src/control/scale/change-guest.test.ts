import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isFault } from '../../model/fault/fault.ts'
import { changeGuest, isSameSize } from './change-guest.ts'

const small = { cpu_kind: 'shared', cpus: 1, memory_mb: 256 }

test('a size by name brings its own memory; memory alone leaves the CPUs', () => {
  assert.deepEqual(changeGuest({ ...small, memory_mb: 2048 }, { size: 'shared-cpu-2x' }), { cpu_kind: 'shared', cpus: 2, memory_mb: 512 })
  assert.deepEqual(changeGuest(undefined, { size: 'shared-cpu-2x', memoryMb: 1024 }), { cpu_kind: 'shared', cpus: 2, memory_mb: 1024 })
  assert.deepEqual(changeGuest({ cpu_kind: 'shared', cpus: 2, memory_mb: 512 }, { memoryMb: 1024 }), { cpu_kind: 'shared', cpus: 2, memory_mb: 1024 })
  assert.deepEqual(changeGuest({ ...small, kernel_args: 'x' }, { size: 'performance-1x' }), {
    cpu_kind: 'performance',
    cpus: 1,
    memory_mb: 2048,
    kernel_args: 'x',
  })
})
test('more CPUs bring the memory that they need', () => {
  assert.deepEqual(changeGuest(small, { cpus: 4 }), { cpu_kind: 'shared', cpus: 4, memory_mb: 1024 })
})
test('an unknown size and memory outside of what the CPUs allow are refused, with what is allowed', () => {
  assert.throws(() => changeGuest(small, { size: 'huge' }), /allowed is shared-cpu-1x/)
  assert.throws(() => changeGuest(small, { memoryMb: 4096 }), /from 256 to 2048 MB in steps of 256 with 1 shared CPU$/)
  assert.throws(() => changeGuest(small, { memoryMb: 300 }), /in steps of 256/)
  assert.throws(() => changeGuest(small, { size: 'performance-2x', memoryMb: 2048 }), /from 4096 to 16384/)
})
test('whatever is asked, the result is a size within the bounds or the one fault', () => {
  fc.assert(
    fc.property(
      fc.record(
        {
          size: fc.oneof(fc.string(), fc.constantFrom('shared-cpu-8x', 'performance-16x', 'a10')),
          memoryMb: fc.nat(40_000),
          cpus: fc.integer({ min: 1, max: 20 }),
          cpuKind: fc.constantFrom('shared' as const, 'performance' as const),
        },
        { requiredKeys: [] },
      ),
      (change) => {
        try {
          const guest = changeGuest(small, change)
          const per = guest.memory_mb! / guest.cpus!
          assert.ok(guest.cpu_kind === 'performance' ? per >= 2048 && per <= 8192 : per >= 256 && per <= 2048)
          assert.ok(isSameSize(changeGuest(guest, {}), guest), 'no change is no change')
        } catch (error) {
          assert.ok(isFault(error, 'invalid_value'))
        }
      },
    ),
  )
})
