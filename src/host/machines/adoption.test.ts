import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MachineId } from '../../model/ids.ts'
import { machineStates, type MachineState } from '../../model/machine/machine-state.ts'
import type { RunExit, RunHandle } from '../runtime/runtime-contract.ts'
import { adoptionOf } from './adoption.ts'
import type { MachineRow } from './machine-row.ts'

const machine = 'aaaaaaaaaaaaaa' as MachineId
const row = (state: MachineState, runId?: string, startedAtMs?: number) =>
  ({
    desired: { id: machine },
    state,
    ...(runId === undefined ? {} : { run: { runId, orderedAtMs: 1, ...(startedAtMs === undefined ? {} : { startedAtMs }) } }),
  }) as unknown as MachineRow
const handle = (runId: string, suspended = false): RunHandle => ({ machine, runId, pid: 7, startedAtMs: 2, suspended })
const exit = (runId: string, cause: RunExit['cause']): RunExit => ({ machine, runId, exitCode: 3, signal: 0, oomKilled: false, exitedAtMs: 3, cause })
const typeOf = (given: MachineRow, known: Parameters<typeof adoptionOf>[1]) => {
  const adoption = adoptionOf(given, known, 10)
  return adoption.type === 'again' ? `again ${adoption.effect}` : adoption.type
}

test('what runs as recorded is kept, or its command is carried on with', () => {
  const expected: Partial<Record<MachineState, string>> = {
    starting: 'spawned',
    started: 'keep',
    suspending: 'again freeze',
    suspended: 'thawed',
    stopping: 'again terminate',
    restarting: 'again terminate',
    updating: 'again terminate',
    destroying: 'again kill',
  }
  for (const [state, type] of Object.entries(expected))
    assert.equal(typeOf(row(state as MachineState, 'r1', 1), { running: handle('r1') }), type, state)
  assert.equal(typeOf(row('suspended', 'r1'), { running: handle('r1', true) }), 'keep')
  assert.equal(typeOf(row('suspending', 'r1'), { running: handle('r1', true) }), 'frozen')
  assert.equal(typeOf(row('started', 'r1'), { running: handle('r1', true) }), 'again resume')
})

test('a run that the record does not have is taken over, whatever the record says', () => {
  for (const state of machineStates) assert.equal(typeOf(row(state), { running: handle('r9') }), 'take', state)
  assert.equal(typeOf(row('started', 'r1'), { running: handle('r9') }), 'take')
})

test('a recorded exit goes by policy; a shutdown is made good; without a record the host was lost', () => {
  assert.deepEqual(adoptionOf(row('started', 'r1', 1), { exit: exit('r1', 'exit') }, 10), {
    type: 'exit',
    exit: exit('r1', 'exit'),
    isHostLoss: false,
  })
  assert.deepEqual(adoptionOf(row('started', 'r1', 1), { exit: exit('r1', 'shutdown') }, 10), {
    type: 'exit',
    exit: exit('r1', 'shutdown'),
    isHostLoss: true,
    verdict: 'restart',
  })
  const lost = adoptionOf(row('started', 'r1', 1), {}, 10)
  assert.ok(lost.type === 'exit' && lost.isHostLoss && lost.verdict === undefined)
  const suspended = adoptionOf(row('suspended', 'r1', 1), { exit: exit('r1', 'shutdown') }, 10)
  assert.ok(suspended.type === 'exit' && suspended.verdict === undefined)
})

test('a start that was ordered and never came to be is owed, whatever the policy', () => {
  const owed = adoptionOf(row('starting', 'r1'), {}, 10)
  assert.ok(owed.type === 'exit' && owed.verdict === 'restart')
})

test('what was cut off without a run is carried on with', () => {
  assert.equal(typeOf(row('restarting'), {}), 'back_off_over')
  assert.equal(typeOf(row('destroying'), {}), 'again remove')
  for (const state of ['created', 'stopped', 'failed', 'destroyed'] as const) assert.equal(typeOf(row(state), {}), 'keep', state)
})
