import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFault } from '../../../src/model/fault/fault.ts'
import type { MachineId } from '../../../src/model/ids.ts'
import { until } from '../../testkit/until.ts'
import { echoServer, nextOrder, openHostFixture, orderOf, type HostFixture } from './host-fixture.ts'

const isCode = (code: string) => (error: unknown) => isFault(error) && error.code === code
const stateOf = async (fixture: HostFixture, id: MachineId) => (await fixture.host.port.getMachine(id)).observed.state
const settledIn = (fixture: HostFixture, id: MachineId, state: 'started' | 'stopped' | 'suspended' | 'destroyed') =>
  fixture.host.port.waitMachine(id, { states: [state], timeoutMs: 10_000 })
const get = async (fixture: HostFixture, id: MachineId, path = '/') => {
  const { endpoint } = (await fixture.host.port.getMachine(id)).observed
  return await until('the server answers', async () => await (await fetch(`http://${endpoint.address}:8080${path}`)).text())
}

test('a machine is created, serves, stops, starts, is suspended, resumed, restarted and destroyed', async () => {
  await using fixture = await openHostFixture()
  const { port } = fixture.host
  const order = orderOf(await fixture.bundles.add(echoServer))
  const { id } = order.desired
  const created = await port.createMachine(order)
  assert.ok(['starting', 'started'].includes(created.report.observed.state))
  assert.ok(created.publishedRevision !== undefined)
  await settledIn(fixture, id, 'started')
  const first = await get(fixture, id)
  assert.equal(first.split(' ')[1], order.desired.instanceId)
  assert.deepEqual((await port.processes(id))[0]?.listen_sockets, [{ proto: 'tcp', address: `${created.report.observed.endpoint.address}:8080` }])
  assert.match((await port.execMachine(id, { argv: ['/bin/sh', '-c', 'echo $FLY_REGION'], timeoutMs: 5000 })).stdout, /^fra/)

  assert.ok(['stopping', 'stopped'].includes((await port.stopMachine(id, {})).report.observed.state))
  assert.ok(['stopping', 'stopped'].includes((await port.stopMachine(id, {})).report.observed.state))
  await settledIn(fixture, id, 'stopped')
  const exit = (await port.getMachine(id)).events[0]
  assert.equal(exit?.type, 'exit')
  assert.equal(exit.request?.exit_event?.requested_stop, true)
  assert.equal(exit.request.exit_event.restarting, false)

  assert.equal((await port.startMachine(id, {})).previousState, 'stopped')
  await settledIn(fixture, id, 'started')
  const second = await get(fixture, id)
  assert.notEqual(second, first)

  await port.suspendMachine(id, {})
  await settledIn(fixture, id, 'suspended')
  assert.equal((await port.startMachine(id, {})).previousState, 'suspended')
  await settledIn(fixture, id, 'started')
  assert.equal(await get(fixture, id), second)

  await port.restartMachine(id, {})
  await until('another process answers', async () => (await stateOf(fixture, id)) === 'started' && (await get(fixture, id)) !== second)

  await port.suspendMachine(id, {})
  await settledIn(fixture, id, 'suspended')
  await port.stopMachine(id, {})
  // A start waits for the stop under way.
  assert.equal((await port.startMachine(id, {})).previousState, 'stopped')
  await settledIn(fixture, id, 'started')
  await assert.rejects(port.destroyMachine(id, { force: false }), isCode('machine_state'))
  await port.destroyMachine(id, { force: true })
  await settledIn(fixture, id, 'destroyed')
  assert.equal((await port.getMachine(id)).observed.state, 'destroyed')
  assert.deepEqual(await port.listMachines(), [])
})

test('an update restarts what runs under a new version, leaves what is stopped, and metadata changes neither', async () => {
  await using fixture = await openHostFixture()
  const { port } = fixture.host
  const order = orderOf(await fixture.bundles.add(echoServer))
  const { id } = order.desired
  await port.createMachine(order)
  await settledIn(fixture, id, 'started')
  const second = nextOrder(order, { env: { COLOUR: 'blue' } })
  const updated = await port.updateMachine(second, { currentVersion: order.desired.instanceId })
  assert.equal(updated.report.observed.instanceId, second.desired.instanceId)
  await port.waitMachine(id, { states: ['started'], instanceId: second.desired.instanceId, timeoutMs: 10_000 })
  assert.match(await get(fixture, id, '/env'), /"COLOUR":"blue"/)
  assert.deepEqual(
    (await port.versions(id)).map((version) => version.version),
    [second.desired.instanceId, order.desired.instanceId],
  )
  await assert.rejects(port.updateMachine(nextOrder(second, { env: {} }), { currentVersion: order.desired.instanceId }), isCode('machine_version'))

  const served = await get(fixture, id)
  const labelled = await port.setMetadata(id, { fly_release_id: '7' }, {})
  assert.equal(labelled.report.observed.instanceId, second.desired.instanceId)
  assert.deepEqual(labelled.report.config.metadata, { fly_release_id: '7' })
  assert.deepEqual((await port.setMetadata(id, { fly_release_id: null, a: 'b' }, {})).report.config.metadata, { a: 'b' })
  assert.equal(await get(fixture, id), served)

  await port.stopMachine(id, {})
  await settledIn(fixture, id, 'stopped')
  const third = nextOrder(second, { env: { COLOUR: 'red' } })
  assert.equal((await port.updateMachine(third, {})).report.observed.state, 'stopped')
  await port.startMachine(id, {})
  assert.match(await get(fixture, id, '/env'), /"COLOUR":"red"/)
})

test('a crash is restarted by policy, with its exit event, and a machine that exits 0 stays down or destroys itself', async () => {
  await using fixture = await openHostFixture()
  const { port } = fixture.host
  const crashing = orderOf(await fixture.bundles.add('process.exit(5)'), { restart: { policy: 'on-failure', max_retries: 2 } })
  await port.createMachine(crashing)
  await settledIn(fixture, crashing.desired.id, 'stopped')
  const exits = (await port.getMachine(crashing.desired.id)).events.filter((event) => event.type === 'exit')
  assert.deepEqual(
    exits.map((event) => [event.request?.exit_event?.exit_code, event.request?.exit_event?.restarting, event.request?.restart_count]),
    [
      [5, false, 2],
      [5, true, 2],
      [5, true, 1],
    ],
  )
  const lines = await port.readLogs({ app: crashing.desired.app, machine: crashing.desired.id, limit: 100 })
  assert.ok(lines.some((line) => line.provider === 'runner' && line.message === 'Machine exited with exit code 5, restarting (2/2)'))

  const done = await fixture.bundles.add('console.log("done")')
  const once = orderOf(done)
  await port.createMachine(once)
  await settledIn(fixture, once.desired.id, 'stopped')
  const throwaway = orderOf(done, { auto_destroy: true, restart: { policy: 'no' } })
  await port.createMachine(throwaway)
  await settledIn(fixture, throwaway.desired.id, 'destroyed')
  const exit = (await port.getMachine(throwaway.desired.id)).events.find((event) => event.type === 'exit')
  assert.equal(exit?.request?.exit_event?.exit_code, 0)
})

test('a lease keeps others out, its holder in', async () => {
  await using fixture = await openHostFixture()
  const { port } = fixture.host
  const order = orderOf(await fixture.bundles.add(echoServer), {}, { start: false })
  const { id } = order.desired
  await port.createMachine(order)
  const lease = await port.acquireLease(id, { ttlMs: 60_000, owner: 'me', description: 'deploy' })
  await assert.rejects(port.startMachine(id, {}), isCode('lease_held'))
  await assert.rejects(port.acquireLease(id, { ttlMs: 1000, owner: 'you', description: '' }), isCode('lease_held'))
  assert.equal((await port.acquireLease(id, { ttlMs: 90_000, owner: 'me', description: '', nonce: lease.nonce })).nonce, lease.nonce)
  await port.startMachine(id, { nonce: lease.nonce })
  await settledIn(fixture, id, 'started')
  assert.equal((await port.getMachine(id)).lease?.nonce, lease.nonce)
  await port.releaseLease(id, lease.nonce)
  await assert.rejects(port.getLease(id), isCode('lease_not_found'))
  await port.cordonMachine(id, { cordoned: true })
  assert.equal((await port.getMachine(id)).observed.cordoned, true)
})

test('a wait ends by its timeout, is satisfied by created for stopped, and sees states that passed since an event', async () => {
  await using fixture = await openHostFixture()
  const { port } = fixture.host
  const order = orderOf(await fixture.bundles.add('setTimeout(() => {}, 50)'), {}, { start: false })
  const { id } = order.desired
  const { report } = await port.createMachine(order)
  await port.waitMachine(id, { states: ['stopped'], timeoutMs: 100 })
  await assert.rejects(port.waitMachine(id, { states: ['started'], timeoutMs: 50 }), isCode('wait_timeout'))
  await port.startMachine(id, {})
  await settledIn(fixture, id, 'stopped')
  await port.waitMachine(id, { states: ['started'], timeoutMs: 100, fromEventId: report.events[0]?.id ?? '' })
})

test('what the runtime cannot do is refused with the way out, and a refused machine leaves nothing', async () => {
  await using fixture = await openHostFixture()
  const { port } = fixture.host
  const image = await fixture.bundles.add(echoServer)
  await assert.rejects(port.createMachine(orderOf(image, { mounts: [{ path: '/data' }] })), (error) => {
    return isFault(error, 'unsupported_by_runtime') && (error.hint ?? '').includes('--runtime container')
  })
  await assert.rejects(port.createMachine(orderOf(image, { schedule: 'yearly' })), isCode('invalid_value'))
  await assert.rejects(port.createMachine(orderOf(image.replace(/.{4}$/, '0000'))))
  await assert.rejects(port.getMachine(orderOf(image).desired.id), isCode('machine_not_found'))
  assert.deepEqual(await port.listMachines(), [])
})

test('checks decide between warning, passing and critical, and only while the machine runs', async () => {
  await using fixture = await openHostFixture()
  const { port } = fixture.host
  const source = `let ok = true
    require('node:http').createServer((req, res) => { if (req.url === '/flip') ok = !ok; res.statusCode = ok ? 200 : 500; res.end() }).listen(8080)`
  const order = orderOf(await fixture.bundles.add(source), {
    services: [{ internal_port: 8080, checks: [{ type: 'http', path: '/up', interval: '100ms', timeout: '1s' }] }],
    checks: { alive: { type: 'tcp', port: 8080, interval: '100ms' } },
  })
  const { id } = order.desired
  await port.createMachine(order)
  const statuses = async () => (await port.getMachine(id)).observed.checks.map((check) => `${check.name} ${check.status}`)
  await until('both pass', async () => (await statuses()).join() === 'servicecheck-00-http-8080 passing,alive passing')
  assert.equal((await port.getMachine(id)).observed.checks[0]?.servicePort, 8080)
  await get(fixture, id, '/flip')
  await until('the http check is critical', async () => (await statuses()).join() === 'servicecheck-00-http-8080 critical,alive passing')
  await get(fixture, id, '/flip')
  await until('it passes again', async () => (await statuses()).join() === 'servicecheck-00-http-8080 passing,alive passing')
})
