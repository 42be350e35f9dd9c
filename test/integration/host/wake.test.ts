import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MachineId } from '../../../src/model/ids.ts'
import { isFault } from '../../../src/model/fault/fault.ts'
import type { HostMessage } from '../../../src/protocol/edge-session.ts'
import { until } from '../../testkit/until.ts'
import { echoServer, edge, openHostFixture, openSession, orderOf, post, type HostFixture } from './host-fixture.ts'

const wake = (fixture: HostFixture, machine: MachineId, more: object = {}) =>
  post(fixture.socket, '/v1/edge/wake', { edge, machine, internalPort: 8080, deadlineMs: 10_000, ...more })
const settledIn = (fixture: HostFixture, id: MachineId, state: 'started' | 'stopped' | 'suspended') =>
  fixture.host.port.waitMachine(id, { states: [state], timeoutMs: 10_000 })
const startsOf = async (fixture: HostFixture, id: MachineId) =>
  (await fixture.host.port.getMachine(id)).events.filter((event) => event.type === 'start' && event.status === 'started').length
/** A machine that has been started and is stopped. */
async function sleeping(fixture: HostFixture, source = echoServer, config = {}) {
  const order = orderOf(await fixture.bundles.add(source), config, { start: false })
  await fixture.host.port.createMachine(order)
  return order.desired.id
}

test('a wake starts a stopped machine and answers when its port accepts; a hundred wakes are one start', async () => {
  await using fixture = await openHostFixture()
  const id = await sleeping(fixture)
  const replies = await Promise.all(Array.from({ length: 100 }, () => wake(fixture, id)))
  for (const reply of replies) assert.equal(reply.status, 200)
  const { endpoint } = (await wake(fixture, id)).body as { endpoint: { address: string } }
  assert.equal((await fetch(`http://${endpoint.address}:8080/`)).status, 200)
  assert.equal(await startsOf(fixture, id), 1)
  const events = (await fixture.host.port.getMachine(id)).events
  assert.equal(events.find((event) => event.status === 'starting')?.source, 'proxy')
})

test('a wake resumes a suspended machine in its old process', async () => {
  await using fixture = await openHostFixture()
  const id = await sleeping(fixture)
  const first = await wake(fixture, id)
  const { endpoint } = first.body as { endpoint: { address: string } }
  const served = await (await fetch(`http://${endpoint.address}:8080/`)).text()
  await fixture.host.port.suspendMachine(id, {})
  await settledIn(fixture, id, 'suspended')
  const again = await wake(fixture, id)
  assert.equal(again.status, 200)
  assert.ok((again.body as { seq: number }).seq > (first.body as { seq: number }).seq)
  assert.equal(await (await fetch(`http://${endpoint.address}:8080/`)).text(), served)
})

test('a program that ends before it listens is reported at once with its last output', async () => {
  await using fixture = await openHostFixture()
  const id = await sleeping(fixture, 'console.log("no database"); setTimeout(() => process.exit(7), 100)', { restart: { policy: 'no' } })
  const began = performance.now()
  const reply = await wake(fixture, id)
  assert.equal(reply.status, 412)
  assert.equal(reply.body['status'], 'machine_exited')
  assert.match(String(reply.body['error']), /exit code 7/)
  assert.match(String(reply.body['hint']), /no database/)
  assert.ok(performance.now() - began < 5_000)
})

test('a program that listens elsewhere is diagnosed at the deadline', async () => {
  await using fixture = await openHostFixture()
  const id = await sleeping(fixture, `require('node:http').createServer(() => {}).listen(3000)`)
  const reply = await wake(fixture, id, { deadlineMs: 1_500 })
  assert.equal(reply.status, 408)
  assert.equal(reply.body['status'], 'not_listening')
  assert.match(String(reply.body['error']), /:3000/)
})

test('what cannot be woken is refused with a reason; nonsense is refused as such', async () => {
  await using fixture = await openHostFixture()
  assert.equal((await wake(fixture, '00000000000000' as MachineId)).body['status'], 'machine_not_found')
  assert.equal((await wake(fixture, 'x' as MachineId)).status, 400)
  assert.equal((await post(fixture.socket, '/v1/edge/none', {})).status, 404)
  const order = orderOf(await fixture.bundles.add(echoServer), { init: { exec: ['/no/such/program'] } })
  await fixture.host.port.createMachine(order)
  await fixture.host.port.waitMachine(order.desired.id, { states: ['settled'], timeoutMs: 5000 })
  const refused = await wake(fixture, order.desired.id)
  assert.equal(refused.body['status'], 'wake_refused')
})

test('a wake during a stop waits for its end and starts the machine anew', async () => {
  await using fixture = await openHostFixture()
  const id = await sleeping(fixture, `process.on('SIGTERM', () => setTimeout(() => process.exit(0), 200));${echoServer}`)
  await wake(fixture, id)
  await fixture.host.port.stopMachine(id, {})
  const reply = await wake(fixture, id)
  assert.equal(reply.status, 200)
  assert.equal(await startsOf(fixture, id), 2)
})

test('a wake waits for a keeper that dies under it, and for the program that comes back with the next one', async () => {
  await using fixture = await openHostFixture()
  const id = await sleeping(fixture, `setTimeout(() => { ${echoServer} }, 300)`)
  const waking = wake(fixture, id)
  await settledIn(fixture, id, 'started')
  process.kill(fixture.keeper.hello.pid, 'SIGKILL')
  const reply = await waking
  assert.equal(reply.status, 200, JSON.stringify(reply.body))
  assert.equal((await fixture.host.port.getMachine(id)).observed.state, 'started')
})

test('a drained machine is stopped only when each edge has said so', async () => {
  await using fixture = await openHostFixture({ edges: [edge] })
  const id = await sleeping(fixture)
  await wake(fixture, id)
  assert.equal(await fixture.host.port.drainMachine(id, { mode: 'stop', timeoutMs: 5_000, reason: 'idle' }), 'cancelled')
  const asked = Promise.withResolvers<Extract<HostMessage, { type: 'drain' }>>()
  using session = await openSession(fixture.socket, edge, (message) => {
    if (message.type === 'drain') asked.resolve(message)
  })
  await until('the session has the machine', () => session.messages.some((message) => message.type === 'state' && message.state === 'started'))
  assert.equal(session.messages[0]?.type, 'hello')
  const draining = fixture.host.port.drainMachine(id, { mode: 'stop', timeoutMs: 5_000, reason: 'idle' })
  const { drainId } = await asked.promise
  assert.equal((await fixture.host.port.getMachine(id)).observed.state, 'started')
  assert.equal((await fixture.host.port.getMachine(id)).observed.draining, true)
  await post(fixture.socket, '/v1/edge/drain-answer', { edge, machine: id, drainId, answer: 'drained' })
  assert.equal(await draining, 'stopped')
  await settledIn(fixture, id, 'stopped')
  await until('the edge hears of it', () =>
    session.messages.some((message) => message.type === 'state' && message.state === 'stopped' && !message.draining),
  )
})

test('a busy edge, a wake or a lost session leaves the machine in service', async () => {
  await using fixture = await openHostFixture({ edges: [edge] })
  const id = await sleeping(fixture)
  await wake(fixture, id)
  const drains: Extract<HostMessage, { type: 'drain' }>[] = []
  const undrains: HostMessage[] = []
  const session = await openSession(fixture.socket, edge, (message) => {
    if (message.type === 'drain') drains.push(message)
    if (message.type === 'undrain') undrains.push(message)
  })
  const options = { mode: 'stop', timeoutMs: 5_000, reason: 'idle' } as const
  const begun = async (count: number) => await until('the drain arrives', () => drains[count - 1])
  const busy = fixture.host.port.drainMachine(id, options)
  await post(fixture.socket, '/v1/edge/drain-answer', { edge, machine: id, drainId: (await begun(1)).drainId, answer: 'busy' })
  assert.equal(await busy, 'busy')
  const woken = fixture.host.port.drainMachine(id, options)
  await begun(2)
  assert.equal((await wake(fixture, id)).status, 200)
  assert.equal(await woken, 'cancelled')
  const lost = fixture.host.port.drainMachine(id, options)
  await begun(3)
  await until('two undrains', () => undrains.length === 2)
  session[Symbol.dispose]()
  assert.equal(await lost, 'cancelled')
  const { observed } = await fixture.host.port.getMachine(id)
  assert.deepEqual([observed.state, observed.draining], ['started', false])
  assert.equal(await startsOf(fixture, id), 1)
})

test('an edge’s log lines appear in the app’s log', async () => {
  await using fixture = await openHostFixture()
  const order = orderOf(await fixture.bundles.add(echoServer), {}, { start: false })
  await fixture.host.port.createMachine(order)
  const line = { app: 'web', machine: order.desired.id, level: 'error', message: '[PR03] no healthy machine', atMs: Date.now() }
  assert.equal((await post(fixture.socket, '/v1/edge/log', { edge, lines: [line] })).status, 200)
  await until('the line is there', async () => {
    const lines = await fixture.host.port.readLogs({ app: order.desired.app, limit: 50 })
    return lines.some((found) => found.provider === 'proxy' && found.message === line.message)
  })
})

test('a wake needs neither the store nor the database', async () => {
  await using fixture = await openHostFixture()
  const id = await sleeping(fixture)
  await fixture.store[Symbol.asyncDispose]()
  const reply = await wake(fixture, id)
  assert.equal(reply.status, 200)
  const stopped = await fixture.host.port.stopMachine(id, {}).catch((error: unknown) => error)
  assert.ok(!isFault(stopped))
})
