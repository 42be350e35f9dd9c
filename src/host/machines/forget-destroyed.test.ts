import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../../test/testkit/manual-clock.ts'
import { silentLog } from '../../kit/log.ts'
import type { MachineId } from '../../model/ids.ts'
import { openForgetter } from './forget-destroyed.ts'
import type { HostCore } from './host-core.ts'
import type { Machine } from './machine.ts'

function scripted() {
  const clock = new ManualClock()
  const done: string[] = []
  const id = 'aaaaaaaaaaaaaa' as MachineId
  const row = { desired: { id, app: 'web' }, state: 'destroyed', destroyedAtMs: clock.now(), endpoint: { address: '127.0.0.9' } }
  const machine = { id, row, [Symbol.dispose]: () => undefined } as unknown as Machine
  const core = {
    machines: new Map([[id, machine]]),
    pool: { release: () => done.push('address') },
    publisher: { note: () => done.push('copy') },
    context: { clock, log: silentLog, journal: { forget: async () => void done.push('rows') }, logs: { remove: async () => void done.push('logs') } },
  } as unknown as HostCore
  return { clock, core, done, id }
}

test('a destroyed machine stays readable for ten minutes, then nothing of it is left', async () => {
  const { clock, core, done, id } = scripted()
  using _forgetter = openForgetter(core, () => false)
  await clock.advance(9 * 60_000)
  assert.ok(core.machines.has(id))
  await clock.advance(2 * 60_000)
  assert.ok(!core.machines.has(id))
  assert.deepEqual(done, ['rows', 'address', 'copy', 'logs'])
})

test('while its order stands, or nobody can say, a destroyed machine is not forgotten', async () => {
  for (const answer of [true, undefined]) {
    const { clock, core, id } = scripted()
    using _forgetter = openForgetter(core, () => answer)
    await clock.advance(60 * 60_000)
    assert.ok(core.machines.has(id))
  }
})
