import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { ManualClock } from '../../../test/testkit/manual-clock.ts'
import { silentLog } from '../../kit/log.ts'
import type { MachineId } from '../../model/ids.ts'
import type { MachineRow } from '../machines/machine-row.ts'
import { openPortWatch } from './port-watch.ts'

const id = '0123456789abcd' as MachineId
const rowOf = (state: string, runId: string | undefined, isOpen: boolean) =>
  ({
    desired: { id, config: { image: 'x', services: [{ internal_port: 8080 }, { internal_port: 9090 }, { internal_port: 53, protocol: 'udp' }] } },
    state,
    isOpen,
    endpoint: { address: '127.1.2.3' },
    ...(runId === undefined ? {} : { run: { runId } }),
  }) as unknown as MachineRow

function watchOf(open: Set<number>) {
  const clock = new ManualClock()
  const opened: string[] = []
  const asked: number[] = []
  const watch = openPortWatch({
    clock,
    log: silentLog,
    accepts: async (_address, port) => {
      asked.push(port)
      return open.has(port)
    },
    opened: async (_id, runId) => opened.push(runId),
  })
  return { clock, opened, asked, watch }
}

test('a run is open when every TCP service port accepts, and each is asked no longer than that', async () => {
  const open = new Set([8080])
  const { clock, opened, asked, watch } = watchOf(open)
  watch.follow(rowOf('started', 'r1', false))
  await clock.advance(1_000)
  assert.deepEqual(opened, [])
  open.add(9090)
  await clock.advance(100)
  assert.deepEqual(opened, ['r1'])
  assert.equal(asked.filter((port) => port === 8080).length, 1)
  assert.ok(!asked.includes(53))
})

test('a run that ended is watched no longer, and the next one is asked anew', async () => {
  const open = new Set<number>()
  const { clock, opened, asked, watch } = watchOf(open)
  watch.follow(rowOf('started', 'r1', false))
  watch.follow(rowOf('stopped', undefined, false))
  await clock.advance(1_000)
  const count = asked.length
  await clock.advance(60_000)
  assert.equal(asked.length, count)
  open.add(8080).add(9090)
  watch.follow(rowOf('started', 'r2', false))
  await clock.advance(100)
  assert.deepEqual(opened, ['r2'])
})

test('a program that never listens is asked once a second, not in a loop', async () => {
  const { clock, asked, watch } = watchOf(new Set())
  watch.follow(rowOf('started', 'r1', false))
  await clock.advance(60_000)
  const count = asked.length
  await clock.advance(10_000)
  assert.ok(asked.length - count <= 22, `${asked.length - count} attempts in ten seconds`)
  watch[Symbol.dispose]()
})
