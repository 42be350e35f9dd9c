import { strict as assert } from 'node:assert'
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { RouteMachine, RouteMessage } from '../../../src/protocol/route-feed.ts'
import { ask } from '../../testkit/http.ts'
import { machineId, routeApp, routeHost, routeMachine, routeService, type TestRegion } from '../../testkit/routes.ts'
import { until } from '../../testkit/until.ts'
import { ControlDouble, HostDouble, openFolder, openTestEdge, ProgramDouble } from './doubles.ts'

const host = 'hello.localhost'
const snapshot = (folder: string, machines: readonly RouteMachine[], revision = 1, hosts: readonly TestRegion[] = ['fra']): RouteMessage => ({
  type: 'snapshot',
  revision,
  apps: [routeApp()],
  machines,
  hosts: hosts.map((region) => routeHost(region, `unix:${folder}/h-${region}.sock`)),
})
const machineAt = (program: { readonly address: string; readonly port: number }, number = 1, given: Parameters<typeof routeMachine>[1] = {}) =>
  routeMachine(number, {
    endpoint: { address: program.address },
    services: [routeService({ internalPort: program.port })],
    ...given,
  })

async function openScene(machines: (program: ProgramDouble) => readonly RouteMachine[], options: Parameters<typeof openTestEdge>[1] = {}) {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(await openFolder()).path
  const program = stack.use(new ProgramDouble('one'))
  await program.listen()
  const control = stack.use(new ControlDouble(`${folder}/control.sock`))
  const hostDouble = stack.use(new HostDouble(`${folder}/h-fra.sock`, 'fra'))
  control.hello = [snapshot(folder, machines(program))]
  await Promise.all([control.up(), hostDouble.up()])
  const edge = stack.use(await openTestEdge(folder, options))
  await until('routes and session', () => edge.status().routes.revision > 0 && edge.status().sessions.every((session) => session.connected))
  return { folder, program, control, host: hostDouble, edge, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}
async function openWebSocket(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.write(
    `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  )
  const [head] = (await once(socket, 'data')) as [Buffer]
  assert.match(head.toString(), /^HTTP\/1\.1 101/)
  return socket
}

test('requests go by the routes that control tells, and control hears of the load', async () => {
  await using scene = await openScene((program) => [machineAt(program)])
  const { edge, control } = scene
  assert.equal((await ask({ port: edge.port, host })).body, 'one\n')
  assert.equal((await ask({ port: edge.port, host: 'nobody.localhost' })).status, 404)
  const report = await until('a load report', () => control.loads.find((load) => load.machines.length > 0))
  assert.deepEqual(report.machines, [{ id: machineId(1), inFlight: 0, webSockets: 0, requests: 1 }])
  assert.deepEqual(report.apps, [{ app: 'hello', requests: 1, held: 0 }])
})

test('an edge that is restarted while control and hosts are dead serves by what it knew, and says how old that is', async () => {
  await using scene = await openScene((program) => [machineAt(program)])
  const { folder, edge, control } = scene
  await edge[Symbol.asyncDispose]()
  await Promise.all([control.down(), scene.host.down()])
  const before = performance.now()
  await using again = await openTestEdge(folder)
  assert.equal((await ask({ port: again.port, host })).body, 'one\n')
  assert.ok(performance.now() - before < 1_000)
  const { routes } = again.status()
  assert.ok(routes.source === 'disk' && routes.revision === 1 && !routes.connected && routes.ageMs !== null && routes.ageMs < 60_000)
  control.hello = [{ type: 'delta', revision: 2, goneMachines: [machineId(1)] }]
  await control.up()
  await until('the feed', () => again.status().routes.revision === 2)
  assert.ok(control.asked.at(-1)?.endsWith('from=1'))
  assert.equal((await ask({ port: again.port, host })).status, 503)
})

test('a feed that falls silent is opened anew', async () => {
  await using scene = await openScene((program) => [machineAt(program)], { timeouts: { silenceMs: 200 } })
  const { edge, control } = scene
  control.isSilent = true
  await until('a second connection', () => control.asked.length >= 3)
  assert.equal((await ask({ port: edge.port, host })).status, 200)
})

test('500 requests over three edges for one stopped machine: one wake call per edge, all are served', async () => {
  await using scene = await openScene((program) => [machineAt(program, 1, { state: 'stopped' })])
  await using cdg = await openTestEdge(scene.folder, { region: 'cdg' })
  await using iad = await openTestEdge(scene.folder, { region: 'iad' })
  const edges = [scene.edge, cdg, iad]
  await until('routes', () => edges.every((edge) => edge.status().routes.revision > 0))
  const started = Promise.withResolvers<void>()
  scene.host.onWake = async () => {
    await started.promise
    return { status: 200, body: { seq: 20, endpoint: { address: scene.program.address } } }
  }
  const answers = Array.from({ length: 500 }, (_, at) => ask({ port: edges[at % 3]!.port, host }))
  await until('all are held', () => edges.reduce((sum, edge) => sum + (edge.status().waiters['hello'] ?? 0), 0) === 500)
  started.resolve()
  assert.ok((await Promise.all(answers)).every(({ body }) => body === 'one\n'))
  assert.deepEqual(scene.host.wakes.map((wake) => wake.edge).toSorted(), edges.map((edge) => edge.config.id).toSorted())
  assert.ok(edges.every((edge) => Object.keys(edge.status().waiters).length === 0))
})

test('499 of 500 clients leave while they wait: one waiter is left, and it is served', async () => {
  await using scene = await openScene((program) => [machineAt(program, 1, { state: 'stopped' })])
  const { edge } = scene
  const started = Promise.withResolvers<void>()
  scene.host.onWake = async () => {
    await started.promise
    return { status: 200, body: { seq: 20, endpoint: { address: scene.program.address } } }
  }
  const sockets = Array.from({ length: 500 }, () => {
    const socket = connect(edge.port, '127.0.0.1')
    socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    return socket
  })
  await until('all are held', () => edge.status().waiters['hello'] === 500)
  for (const socket of sockets.slice(1)) socket.destroy()
  await until('one is left', () => edge.status().waiters['hello'] === 1)
  started.resolve()
  const [first] = (await once(sockets[0]!, 'data')) as [Buffer]
  assert.match(first.toString(), /^HTTP\/1\.1 200/)
  sockets[0]!.destroy()
  await until('nobody is left', () => edge.status().waiters['hello'] === undefined && edge.status().inFlight === 0)
  assert.equal(scene.host.wakes.length, 1)
  assert.equal(scene.program.requests, 1)
})

test('while the host is dead a request for its stopped machine is held, and served when the host is back', async () => {
  await using scene = await openScene((program) => [machineAt(program, 1, { state: 'stopped' })])
  await scene.host.down()
  await until('the session is gone', () => scene.edge.status().sessions.every((session) => !session.connected))
  const answer = ask({ port: scene.edge.port, host })
  await until('it is held', () => scene.edge.status().waiters['hello'] === 1)
  scene.host.onWake = () => Promise.resolve({ status: 200, body: { seq: 20, endpoint: { address: scene.program.address } } })
  await scene.host.up()
  assert.equal((await answer).body, 'one\n')
})

test('a wake that the host refuses is a 503 with its reason', async () => {
  await using scene = await openScene((program) => [machineAt(program, 1, { state: 'stopped' })])
  const { status, headers, body } = await ask({ port: scene.edge.port, host })
  assert.equal(status, 503)
  assert.ok(headers['retry-after'])
  assert.match(body, /cannot be woken/)
  const line = await until('a line in the app’s log', () => scene.host.lines.find((each) => each.message.includes('PM08')))
  assert.equal(line.app, 'hello')
})

test('a program that does not listen is 502, and the app’s log says where it should', async () => {
  await using scene = await openScene((program) => [machineAt(program, 1, { services: [routeService({ internalPort: 1 })] })], {
    timeouts: { refusedMs: 300 },
  })
  scene.host.onWake = (wake) => Promise.resolve({ status: 408, body: { error: `no port after ${wake.deadlineMs} ms`, status: 'wake_timeout' } })
  assert.equal((await ask({ port: scene.edge.port, host })).status, 502)
  const line = await until('a line in the app’s log', () => scene.host.lines.find((each) => each.message.includes('0.0.0.0:1')))
  assert.match(line.message, /^\[PC01\]/)
})

test('a drain of an idle machine is answered at once, and a request that comes then waits for the wake', async () => {
  await using scene = await openScene((program) => [machineAt(program)])
  const { edge } = scene
  scene.host.send({ type: 'drain', id: machineId(1), seq: 11, drainId: 'd1' })
  await until('an answer', () => scene.host.answers.length === 1)
  assert.deepEqual(scene.host.answers[0], { edge: edge.config.id, machine: machineId(1), drainId: 'd1', answer: 'drained' })
  scene.host.onWake = () => Promise.resolve({ status: 200, body: { seq: 13, endpoint: { address: scene.program.address } } })
  assert.equal((await ask({ port: edge.port, host })).body, 'one\n')
  assert.equal(scene.host.wakes.length, 1)
})

test('a drain waits for the request in flight and is then answered drained', async () => {
  await using scene = await openScene((program) => [machineAt(program)])
  const gate = Promise.withResolvers<void>()
  scene.program.gate = gate.promise
  const answer = ask({ port: scene.edge.port, host })
  await until('the request is there', () => scene.program.requests === 1)
  scene.host.send({ type: 'drain', id: machineId(1), seq: 11, drainId: 'd1' })
  scene.host.send({ type: 'state', id: machineId(2), seq: 1, state: 'stopped', draining: false, endpoint: { address: '127.0.0.1' } })
  gate.resolve()
  assert.equal((await answer).status, 200)
  await until('an answer', () => scene.host.answers.length > 0)
  assert.deepEqual(
    scene.host.answers.map((each) => each.answer),
    ['drained'],
  )
})

test('an open web socket counts as use: busy at once, drained when it has closed', async () => {
  await using scene = await openScene((program) => [machineAt(program)])
  const socket = await openWebSocket(scene.edge.port)
  await until('the load report names it', () => scene.control.loads.some((load) => load.machines.some((machine) => machine.webSockets === 1)))
  scene.host.send({ type: 'drain', id: machineId(1), seq: 11, drainId: 'd1' })
  await until('an answer', () => scene.host.answers.length === 1)
  assert.equal(scene.host.answers[0]?.answer, 'busy')
  socket.destroy()
  await until('another answer', () => scene.host.answers.length === 2)
  assert.equal(scene.host.answers[1]?.answer, 'drained')
})

test('undrain opens the machine again without a wake', async () => {
  await using scene = await openScene((program) => [machineAt(program)])
  scene.host.send({ type: 'drain', id: machineId(1), seq: 11, drainId: 'd1' })
  await until('an answer', () => scene.host.answers.length === 1)
  scene.host.send({ type: 'undrain', id: machineId(1), seq: 12, drainId: 'd1' })
  assert.equal((await ask({ port: scene.edge.port, host })).status, 200)
})

test('a session tells of a stop before the feed does: the next request wakes', async () => {
  await using scene = await openScene((program) => [machineAt(program)])
  scene.host.send({ type: 'state', id: machineId(1), seq: 12, state: 'stopped', draining: false, endpoint: { address: '127.0.0.1' } })
  scene.host.onWake = () => Promise.resolve({ status: 200, body: { seq: 14, endpoint: { address: scene.program.address } } })
  await until('woken', async () => {
    await ask({ port: scene.edge.port, host })
    return scene.host.wakes.length === 1
  })
})

test('draining an edge lets what is open finish', async () => {
  await using scene = await openScene((program) => [machineAt(program)])
  const gate = Promise.withResolvers<void>()
  scene.program.gate = gate.promise
  const answer = ask({ port: scene.edge.port, host })
  await until('the request is there', () => scene.program.requests === 1)
  const drained = scene.edge.drain()
  gate.resolve()
  assert.equal((await answer).body, 'one\n')
  await drained
  await assert.rejects(ask({ port: scene.edge.port, host }))
})

test('the request log has a line of JSON for each request once the edge is closed, hostile paths included', async () => {
  await using scene = await openScene((program) => [machineAt(program)])
  const { edge } = scene
  const paths = ['/', '/\\"'.replace('"', '%22'), '/a?secret=1', ...Array.from({ length: 300 }, (_, at) => `/${at}`)]
  for (const path of paths) await ask({ port: edge.port, host, path })
  await edge.drain()
  await edge[Symbol.asyncDispose]()
  const text = await readFile(`${edge.config.stateDir}/requests.log`, 'utf8')
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { path: string; status: number; app: string })
  assert.deepEqual(
    lines.map((line) => line.path),
    paths.map((path) => path.replace(/\?.*/, '')),
  )
  assert.ok(lines.every(({ status, app }) => status === 200 && app === 'hello'))
})
