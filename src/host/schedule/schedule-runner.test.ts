import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../../test/testkit/manual-clock.ts'
import { silentLog } from '../../kit/log.ts'
import type { Machine } from '../machines/machine.ts'
import type { MachineRow } from '../machines/machine-row.ts'
import { openScheduleRunner } from './schedule-runner.ts'

const hourMs = 3_600_000

/** Only what the runner asks of a machine. */
function scheduled(clock: ManualClock, schedule: string) {
  const starts: number[] = []
  let row = {
    desired: { createdAt: new Date(clock.now()).toISOString(), config: { image: 'x', schedule } },
    state: 'stopped',
  } as unknown as MachineRow
  const machine = {
    id: 'aaaaaaaaaaaaaa',
    context: { log: silentLog },
    get row() {
      return row
    },
    async adjust(change: (row: MachineRow) => MachineRow | undefined) {
      row = change(row) ?? row
      return row
    },
    async start() {
      starts.push(clock.now())
      return { row, previousState: row.state }
    },
  } as unknown as Machine
  return { machine, starts, setState: (state: MachineRow['state']) => (row = { ...row, state }) }
}

test('an hourly machine is started each hour from its creation on', async () => {
  const clock = new ManualClock()
  const { machine, starts } = scheduled(clock, 'hourly')
  const bornMs = clock.now()
  using _runner = openScheduleRunner({ clock, machines: () => [machine] })
  await clock.advance(3.5 * hourMs)
  assert.deepEqual(
    starts.map((time) => Math.round((time - bornMs) / hourMs)),
    [1, 2, 3],
  )
  assert.ok(starts.every((time, at) => time - bornMs - (at + 1) * hourMs < 1_000))
})

test('one that still runs is left alone until its next time', async () => {
  const clock = new ManualClock()
  const { machine, starts, setState } = scheduled(clock, 'hourly')
  setState('started')
  using _runner = openScheduleRunner({ clock, machines: () => [machine] })
  await clock.advance(1.5 * hourMs)
  assert.deepEqual(starts, [])
  setState('stopped')
  await clock.advance(hourMs)
  assert.equal(starts.length, 1)
})

test('times that the host slept through are made good once', async () => {
  const clock = new ManualClock()
  const { machine, starts } = scheduled(clock, 'daily')
  await clock.advance(80 * hourMs)
  using _runner = openScheduleRunner({ clock, machines: () => [machine] })
  await clock.advance(60_000)
  assert.equal(starts.length, 1)
  await clock.advance(17 * hourMs)
  assert.equal(starts.length, 2)
})
