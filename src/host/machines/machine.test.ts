import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ManualClock, settled } from '../../../test/testkit/manual-clock.ts'
import { silentLog } from '../../kit/log.ts'
import { fault, isFault } from '../../model/fault/fault.ts'
import type { LifecycleEvent } from '../../model/machine/machine-lifecycle.ts'
import type { MachineConfig } from '../../model/machine/machine-config.ts'
import type { HostLogs } from '../logs/log-contract.ts'
import type { RunExit, Runtime } from '../runtime/runtime-contract.ts'
import type { Journal } from './journal.ts'
import { Machine } from './machine.ts'
import type { MachineContext } from './machine-context.ts'
import type { MachineRow } from './machine-row.ts'

const born = (config: Partial<MachineConfig> = {}) =>
  ({
    schema: 1,
    desired: { id: 'aaaaaaaaaaaaaa', app: 'web', region: 'fra', instanceId: 'v1', version: 1, config: { image: 'x', ...config } },
    state: 'stopped',
    startsAfter: false,
    seq: 1,
    draining: false,
    cordoned: false,
    endpoint: { address: '127.0.0.2' },
    restartsMs: [],
    restartCount: 0,
    hasLaunched: true,
    checks: [],
    events: [],
    updatedAt: '',
  }) as unknown as MachineRow

/** A machine over a scripted runtime and journal; `trace` tells what happened in which order. */
function scripted(config: Partial<MachineConfig> = {}) {
  const clock = new ManualClock()
  const trace: string[] = []
  const runs = new Set<string>()
  let onWrite: () => Promise<void> = async () => undefined
  let onStart: () => Promise<void> = async () => undefined
  const write = async (kind: string, row: MachineRow) => {
    trace.push(`${kind} ${row.state}`)
    await onWrite()
    trace.push('written')
  }
  const exitOf = (runId: string, exitCode: number): RunExit => ({
    machine: machine.id,
    runId,
    exitCode,
    signal: 0,
    oomKilled: false,
    exitedAtMs: clock.now(),
    cause: 'exit',
  })
  const runtime = {
    name: 'process',
    prepare: async () => ({ machine: machine.id }),
    async start(_spec: unknown, runId: string) {
      assert.equal(runs.size, 0, 'two runs at once')
      await onStart()
      runs.add(runId)
      trace.push('start')
      return { machine: machine.id, runId, pid: 1, startedAtMs: clock.now(), suspended: false }
    },
    async stop(_id: unknown, runId: string, how: { signal: string }) {
      trace.push(`end ${how.signal}`)
      if (runs.delete(runId)) void machine.exited(exitOf(runId, 0), { isHostLoss: false })
    },
    suspend: async () => void trace.push('freeze'),
    resume: async () => void trace.push('thaw'),
    remove: async () => void trace.push('remove'),
    acknowledgeExit: async () => void trace.push('acknowledged'),
  } as unknown as Runtime
  let id = 0
  const context: MachineContext = {
    runtime,
    secrets: { of: async () => ({}), prepare: async () => undefined },
    journal: {
      save: (row: MachineRow) => write('buffered', row).catch(() => undefined),
      saveDurably: (row: MachineRow) => write('durable', row),
    } as unknown as Journal,
    logs: { append: () => undefined } as unknown as HostLogs,
    clock,
    random: (size) => new Uint8Array(size).fill(id++ % 256),
    log: silentLog,
    runtimeReady: async () => undefined,
    onChange: () => undefined,
  }
  const machine = new Machine(context, born(config))
  return {
    clock,
    trace,
    runs,
    machine,
    setWrite: (next: () => Promise<void>) => (onWrite = next),
    setStart: (next: () => Promise<void>) => (onStart = next),
    command: (event: LifecycleEvent) => machine.command(event, { action: event.type, type: 'stop', source: 'user' }),
    start: () => machine.start({ action: 'start', type: 'start', source: 'proxy' }),
    crash: async (exitCode = 1) => {
      const [runId] = runs
      if (runId === undefined) return
      runs.delete(runId)
      await machine.exited(exitOf(runId, exitCode), { isHostLoss: false })
    },
  }
}
const never = () => new Promise<void>(() => undefined)

test('a wake starts the program although its record is never written', async () => {
  const { machine, start, trace, setWrite } = scripted()
  setWrite(never)
  await start()
  await settled()
  assert.equal(machine.row.state, 'started')
  assert.deepEqual(trace.slice(0, 2), ['buffered starting', 'start'])
})

test('a command takes effect only when it is written', async () => {
  const { command, start, trace, setWrite, machine } = scripted()
  await start()
  await settled()
  const disk = Promise.withResolvers<void>()
  setWrite(() => disk.promise)
  trace.length = 0
  const stopping = command({ type: 'stop' })
  await settled()
  assert.deepEqual([trace, machine.row.state], [['durable stopping'], 'started'])
  disk.resolve()
  await stopping
  await settled()
  assert.deepEqual(trace.slice(0, 3), ['durable stopping', 'written', 'end SIGINT'])
  assert.equal(machine.row.state, 'stopped')
})

test('a command that cannot be written is refused and changes nothing', async () => {
  const { command, start, trace, setWrite, machine } = scripted()
  await start()
  await settled()
  setWrite(() => Promise.reject(fault('store_full', { path: '/data' })))
  await assert.rejects(command({ type: 'stop' }), (error) => isFault(error, 'store_full'))
  assert.equal(machine.row.state, 'started')
  assert.ok(!trace.includes('end SIGINT'))
})

test('an exit is acknowledged only when it is on disk', async () => {
  const { crash, start, trace, setWrite } = scripted({ restart: { policy: 'no' } })
  await start()
  await settled()
  const disk = Promise.withResolvers<void>()
  setWrite(() => disk.promise)
  await crash()
  await settled()
  assert.ok(!trace.includes('acknowledged'))
  disk.resolve()
  await settled()
  assert.equal(trace.at(-1), 'acknowledged')
})

test('restarts back off and end after the policy’s number', async () => {
  const { crash, clock, machine, start, trace } = scripted({ restart: { policy: 'on-failure', max_retries: 3 } })
  await start()
  await settled()
  const delays: number[] = []
  for (let n = 0; n < 4; n++) {
    await crash()
    const began = clock.monotonic()
    for (let ms = 0; ms < 5_000 && machine.row.state === 'restarting'; ms += 100) await clock.advance(100)
    if (machine.row.state === 'started') delays.push(clock.monotonic() - began)
  }
  assert.deepEqual(delays, [100, 200, 400])
  assert.equal(machine.row.state, 'stopped')
  assert.equal(trace.filter((line) => line === 'start').length, 4)
})

test('a stop during the back-off is final', async () => {
  const { crash, clock, command, machine, start, trace } = scripted()
  await start()
  await settled()
  await crash()
  assert.equal(machine.row.state, 'restarting')
  await command({ type: 'stop' })
  await clock.advance(60_000)
  assert.equal(machine.row.state, 'stopped')
  assert.equal(trace.filter((line) => line === 'start').length, 1)
})

test('an exit of an earlier run changes nothing', async () => {
  const { machine, start } = scripted()
  await start()
  await settled()
  const old = { machine: machine.id, runId: 'old', exitCode: 1, signal: 0, oomKilled: false, exitedAtMs: 0, cause: 'exit' as const }
  await machine.exited(old, { isHostLoss: false })
  assert.equal(machine.row.state, 'started')
})

test('whatever is asked in whatever order, there is never a second run, and a forced destroy ends it all', async () => {
  const action = fc.constantFrom('start', 'stop', 'suspend', 'restart', 'update', 'destroy', 'crash', 'time', 'settle')
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
      const { clock, command, crash, machine, runs, start } = scripted({ restart: { policy: 'always' } })
      const accepted = (error: unknown) => {
        if (!isFault(error, 'machine_state')) throw error
      }
      const asked: Promise<unknown>[] = []
      let seq = machine.row.seq
      for (const next of actions) {
        if (next === 'start') asked.push(start().catch(accepted))
        else if (next === 'crash') asked.push(crash())
        else if (next === 'time') await clock.advance(30_000)
        else if (next === 'settle') await settled()
        else if (next === 'destroy') asked.push(command({ type: 'destroy', force: false }).catch(accepted))
        else if (next === 'update') asked.push(command({ type: 'update', start: true }).catch(accepted))
        else asked.push(command({ type: next }).catch(accepted))
        assert.ok(machine.row.seq >= seq)
        seq = machine.row.seq
      }
      await Promise.all(asked)
      await settled()
      await command({ type: 'destroy', force: true })
      await clock.advance(60_000)
      assert.equal(machine.row.state, 'destroyed')
      assert.equal(runs.size, 0)
    }),
    { numRuns: 150 },
  )
})

test('trouble of the host at a start is waited out, also when it lasts; trouble of the program is final', async () => {
  const { clock, machine, start, setStart } = scripted()
  let trouble: Error | undefined = new Error('ENOSPC: no space left on device')
  let attempts = 0
  setStart(async () => {
    attempts++
    if (trouble !== undefined) throw trouble
  })
  await start()
  for (let second = 0; second < 60; second++) await clock.advance(1_000)
  assert.ok(attempts > 12, `${attempts} attempts`)
  assert.ok(['starting', 'restarting'].includes(machine.row.state), machine.row.state)
  trouble = undefined
  for (let second = 0; second < 8; second++) await clock.advance(1_000)
  assert.equal(machine.row.state, 'started')

  const other = scripted()
  other.setStart(async () => {
    throw fault('spawn_failed', { command: 'x', reason: 'not found' })
  })
  await other.start()
  await other.clock.advance(60_000)
  assert.equal(other.machine.row.state, 'failed')
})
