import assert from 'node:assert/strict'
import { test } from 'node:test'
import { join } from 'node:path'
import { silentLog } from '../../../src/kit/log.ts'
import { systemClock } from '../../../src/kit/clock.ts'
import type { MachineId } from '../../../src/model/ids.ts'
import type { DesiredMachine, ObservedMachine } from '../../../src/model/machine/machine-record.ts'
import { connectToRunningKeeper } from '../../../src/host/keeper/keeper-client.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts'
import { keys } from '../../../src/store/keys.ts'
import { until } from '../../testkit/until.ts'
import { echoServer, edge, openHostFixture, orderOf, post, type HostFixture } from './host-fixture.ts'

const settledIn = (fixture: HostFixture, id: MachineId, state: 'started' | 'stopped' | 'suspended' | 'destroyed') =>
  fixture.host.port.waitMachine(id, { states: [state], timeoutMs: 10_000 })
async function running(fixture: HostFixture, source = echoServer, config = {}) {
  const order = orderOf(await fixture.bundles.add(source), config)
  await fixture.host.port.createMachine(order)
  await settledIn(fixture, order.desired.id, 'started')
  return order.desired
}
const pidOf = async (fixture: HostFixture, id: MachineId) => (await fixture.host.port.processes(id))[0]?.pid
const answers = (fixture: HostFixture, id: MachineId, path = '/') =>
  until('the server answers', async () => {
    const { endpoint } = (await fixture.host.port.getMachine(id)).observed
    return await (await fetch(`http://${endpoint.address}:8080${path}`)).text()
  })

test('after a restart of the daemon running machines keep their pids, suspended ones their memory, stopped ones their rest', async () => {
  await using fixture = await openHostFixture()
  const up = await running(fixture)
  const frozen = await running(fixture)
  const down = await running(fixture)
  const answered = await answers(fixture, frozen.id)
  await fixture.host.port.suspendMachine(frozen.id, {})
  await fixture.host.port.stopMachine(down.id, {})
  await settledIn(fixture, frozen.id, 'suspended')
  await settledIn(fixture, down.id, 'stopped')
  const before = await Promise.all([pidOf(fixture, up.id), pidOf(fixture, frozen.id)])
  const addressesNow = async () => (await fixture.host.port.listMachines()).map((report) => report.observed.endpoint.address).toSorted()
  const addresses = await addressesNow()
  await fixture.restart()
  const states = await Promise.all([up, frozen, down].map(async ({ id }) => (await fixture.host.port.getMachine(id)).observed.state))
  assert.deepEqual(states, ['started', 'suspended', 'stopped'])
  assert.deepEqual(await Promise.all([pidOf(fixture, up.id), pidOf(fixture, frozen.id)]), before)
  assert.deepEqual(await addressesNow(), addresses)
  await post(fixture.socket, '/v1/edge/wake', { edge, machine: frozen.id, internalPort: 8080, deadlineMs: 5000 })
  assert.equal(await answers(fixture, frozen.id), answered)
  const next = await running(fixture)
  assert.ok(!addresses.includes((await fixture.host.port.getMachine(next.id)).observed.endpoint.address))
})

test('what ended while the daemon was away is processed by its policy, with the exit code', async () => {
  await using fixture = await openHostFixture()
  const crashing = await running(fixture)
  const stays = await running(fixture, echoServer, { restart: { policy: 'no' } })
  const pids = await Promise.all([pidOf(fixture, crashing.id), pidOf(fixture, stays.id)])
  const urls = await Promise.all([crashing, stays].map(async ({ id }) => (await fixture.host.port.getMachine(id)).observed.endpoint.address))
  await answers(fixture, crashing.id)
  await answers(fixture, stays.id)
  await fixture.restart(async () => {
    for (const address of urls) await fetch(`http://${address}:8080/crash`).catch(() => undefined)
    await until('both are gone', () => pids.every((pid) => !isAlive(pid)))
  })
  await settledIn(fixture, crashing.id, 'started')
  const { events } = await fixture.host.port.getMachine(crashing.id)
  assert.deepEqual(
    events.filter((event) => event.type === 'exit').map((event) => [event.request?.exit_event?.exit_code, event.request?.exit_event?.restarting]),
    [[3, true]],
  )
  assert.equal((await fixture.host.port.getMachine(stays.id)).observed.state, 'stopped')
})

test('the death of the keeper is a crash of the host: started machines come back, suspended ones are stopped, policy no stays down', async () => {
  await using fixture = await openHostFixture()
  const up = await running(fixture)
  const never = await running(fixture, echoServer, { restart: { policy: 'no' } })
  const frozen = await running(fixture)
  await fixture.host.port.suspendMachine(frozen.id, {})
  await settledIn(fixture, frozen.id, 'suspended')
  const before = await answers(fixture, up.id)
  process.kill(fixture.keeper.hello.pid, 'SIGKILL')
  await until('the machine is served by a new process', async () => (await answers(fixture, up.id)) !== before)
  assert.equal((await fixture.host.port.getMachine(never.id)).observed.state, 'stopped')
  assert.equal((await fixture.host.port.getMachine(frozen.id)).observed.state, 'stopped')
})

test('the death of keeper and daemon together brings back what was started', async () => {
  await using fixture = await openHostFixture()
  const up = await running(fixture)
  const before = await answers(fixture, up.id)
  const { pid } = fixture.keeper.hello
  await fixture.restart(async () => {
    process.kill(pid, 'SIGKILL')
    await until('the keeper is gone', () => !isAlive(pid))
  })
  assert.notEqual(await answers(fixture, up.id), before)
})

test('a shutdown of the platform asks no policy: the next start brings back what was started', async () => {
  await using fixture = await openHostFixture()
  const never = await running(fixture, echoServer, { restart: { policy: 'no' } })
  const before = await answers(fixture, never.id)
  await fixture.keeper.call('shutdown', {})
  await fixture.restart()
  assert.notEqual(await answers(fixture, never.id), before)
})

test('a keeper that was shut down under a living daemon comes back with what was started', async () => {
  await using fixture = await openHostFixture()
  const never = await running(fixture, echoServer, { restart: { policy: 'no' } })
  const before = await answers(fixture, never.id)
  // By a client of its own, as `kante down` is one: the daemon's finds its keeper gone.
  const other = await connectToRunningKeeper(systemClock, { dir: fixture.dir, socket: join(fixture.dir, 'k.sock') })
  await other?.call('shutdown', {})
  other?.close()
  await until('a new process answers', async () => (await answers(fixture, never.id)) !== before)
})

test('a restored store makes the machines of an empty host again, started where they were started', async () => {
  await using source = await openHostFixture()
  const up = await running(source)
  const down = await running(source)
  await source.host.port.stopMachine(down.id, {})
  const stopped = await settledIn(source, down.id, 'stopped')
  const started = await source.host.port.getMachine(up.id)

  await using fixture = await openHostFixture({ bundles: source.bundles })
  const gone = orderOf(up.config.image).desired
  const unfinished = { ...orderOf(up.config.image).desired, order: 'pending' } as const
  const rows: readonly (readonly [DesiredMachine, ObservedMachine])[] = [
    [up, started.observed],
    [down, stopped.observed],
    [gone, { ...started.observed, id: gone.id, state: 'destroyed' }],
    [unfinished, { ...started.observed, id: unfinished.id }],
  ]
  await fixture.restart(async () => {
    await using store = await openSqliteStore({ clock: systemClock, log: silentLog }, { path: join(fixture.dir, 'state.db') })
    const puts = rows.flatMap(([order, observed]) => [
      { op: 'put' as const, key: keys.observed(order.app, order.id), value: JSON.stringify(observed) },
      { op: 'put' as const, key: keys.machine(order.app, order.id), value: JSON.stringify(order) },
    ])
    await store.transact({ compare: [], then: puts })
  })
  await until('both are there', async () => (await fixture.host.port.listMachines()).length === 2)
  await settledIn(fixture, up.id, 'started')
  assert.match(await answers(fixture, up.id), new RegExp(up.instanceId))
  assert.ok(['created', 'stopped'].includes((await fixture.host.port.getMachine(down.id)).observed.state))
  await until('what is not there is not published', async () => {
    return (await fixture.store.get(keys.observed(unfinished.app, unfinished.id))) === undefined
  })
  await fixture.restart()
  assert.equal((await fixture.host.port.listMachines()).length, 2)
})

test('an order to destroy from before the host opened is carried out, a younger one waits for its call; no order destroys nothing', async () => {
  await using fixture = await openHostFixture()
  const doomed = await running(fixture)
  const kept = await running(fixture)
  const order = (machine: DesiredMachine, updatedAt: string) =>
    fixture.store.transact({
      compare: [],
      then: [{ op: 'put', key: keys.machine(machine.app, machine.id), value: JSON.stringify({ ...machine, order: 'destroying', updatedAt }) }],
    })
  await order(doomed, new Date().toISOString())
  await fixture.restart()
  await settledIn(fixture, doomed.id, 'destroyed')
  await order(kept, new Date().toISOString())
  const published = await until('it is published', async () => {
    const entry = await fixture.store.get(keys.observed(kept.app, kept.id))
    return entry && (JSON.parse(entry.value) as ObservedMachine)
  })
  assert.equal(published.state, 'started')
  assert.equal((await fixture.host.port.getMachine(kept.id)).observed.state, 'started')
})

function isAlive(pid: number | undefined): boolean {
  if (pid === undefined) return false
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
