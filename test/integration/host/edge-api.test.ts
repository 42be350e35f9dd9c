import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { echoServer, edge, openHostFixture, orderOf, post } from './host-fixture.ts'

/** The status of a POST with these very bytes; 0 when the connection was cut. */
const postBytes = (socket: string, path: string, body: string) =>
  new Promise<number>((resolve) => {
    const outgoing = httpRequest({ socketPath: socket, path, method: 'POST' }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
      response.on('error', () => resolve(0))
    })
    outgoing.on('error', () => resolve(0))
    outgoing.end(body)
  })

test('whatever an edge sends, the host answers with a fault of the caller’s and goes on', async () => {
  await using fixture = await openHostFixture()
  const path = fc.constantFrom('/v1/edge/wake', '/v1/edge/drain-answer', '/v1/edge/log', '/v1/edge/session', '/')
  const field = fc.oneof(fc.string(), fc.double(), fc.constant(edge), fc.constant('00000000000000'), fc.constantFrom('drained', 'error'))
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({ edge: field, machine: field, internalPort: field, deadlineMs: field, drainId: field, answer: field, lines: fc.array(fc.jsonValue()) })
      .map((value) => JSON.stringify(value)),
  )
  await fc.assert(
    fc.asyncProperty(path, body, async (where, bytes) => {
      const status = await postBytes(fixture.socket, where, bytes)
      assert.ok(status === 200 || status === 400 || status === 404, `${where}: ${status} for ${bytes}`)
    }),
    { numRuns: 300 },
  )
  assert.ok([0, 400].includes(await postBytes(fixture.socket, '/v1/edge/wake', 'x'.repeat(3 * 1024 * 1024))))
  assert.equal((await post(fixture.socket, '/v1/edge/log', { edge, lines: [] })).status, 200)
})

test('where there is one loopback address, machines are reached by mapped ports, and two may have the same port inside', async () => {
  await using fixture = await openHostFixture({ firstPort: 20_000 + Math.floor(Math.random() * 200) * 50 })
  const image = await fixture.bundles.add(`require('node:http').createServer((req, res) => res.end(process.env.FLY_MACHINE_ID)).listen(8080)`)
  for (const order of [orderOf(image, {}, { start: false }), orderOf(image, {}, { start: false })]) {
    await fixture.host.port.createMachine(order)
    const wake = await post(fixture.socket, '/v1/edge/wake', { edge, machine: order.desired.id, internalPort: 8080, deadlineMs: 10_000 })
    const { endpoint } = wake.body as { endpoint: { address: string; portMap: Record<string, number> } }
    assert.equal(endpoint.address, '127.0.0.1')
    assert.equal(await (await fetch(`http://127.0.0.1:${endpoint.portMap['8080']}/`)).text(), order.desired.id)
  }
})

test('an edge that reconnects gets the state of every machine, and its successor takes its place', async () => {
  await using fixture = await openHostFixture()
  const order = orderOf(await fixture.bundles.add(echoServer), {}, { start: false })
  await fixture.host.port.createMachine(order)
  const first = new Promise<void>((resolve) => {
    const outgoing = httpRequest({ socketPath: fixture.socket, path: `/v1/edge/session?edge=${edge}` }, (response) => {
      response.on('error', () => undefined)
      response.on('close', () => resolve())
      response.resume()
    })
    outgoing.on('error', () => resolve())
    outgoing.end()
  })
  const second = await new Promise<string>((resolve, reject) => {
    const outgoing = httpRequest({ socketPath: fixture.socket, path: `/v1/edge/session?edge=${edge}` }, (response) => {
      let text = ''
      response.on('error', () => undefined)
      response.on('data', (chunk) => {
        text += String(chunk)
        if (!text.includes(order.desired.id)) return
        resolve(text)
        outgoing.destroy()
      })
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
  assert.match(second, /"type":"hello"[^\n]*\n\{"type":"state"/)
  await first
})
