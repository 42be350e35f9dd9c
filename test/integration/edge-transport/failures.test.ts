import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { type Decision } from '../../../src/edge/contract.ts'
import { openTestProxy } from './open-test-proxy.ts'
import { answeringApp, rawApp } from './raw-socket.ts'
import { alwaysTo, refusal, ScriptedBrain } from './scripted-brain.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const get = (path = '/') => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const post = (body = 'hello') => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

test('a refused connection goes on to the next machine, whatever the method', async () => {
  const dead = await closedPort()
  await using app = await answeringApp(ok)
  const brain = alwaysTo(dead)
  brain.next = () => brain.go({ port: app.port })
  await using proxy = await openTestProxy(brain)
  await using client = await proxy.client()
  client.write(post())
  await client.has('\r\n\r\nok')
  assert.deepEqual(brain.ends, [
    { port: dead, end: 'refused' },
    { port: app.port, end: 'ok' },
  ])
  assert.match((await app.connection(0)).text, /hello$/)
  assert.deepEqual(
    proxy.errors.map(({ code, machine }) => [code, machine]),
    [['PC01', '00000000000001']],
  )
})

test('when no machine is left the brain’s refusal is the answer', async () => {
  const brain = alwaysTo(await closedPort())
  brain.next = () => refusal(503, 'Nothing runs.', 1)
  await using proxy = await openTestProxy(brain)
  await using client = await proxy.client()
  client.write(get())
  await client.has('Nothing runs.')
  assert.match(client.text, /^HTTP\/1\.1 503 /)
})

test('a reset before the answer is retried elsewhere for GET, body of a PUT included', async () => {
  await using bad = await rawApp((raw) => raw.socket.once('data', () => raw.socket.resetAndDestroy()))
  await using app = await answeringApp(ok)
  const brain = alwaysTo(bad.port)
  brain.next = () => brain.go({ port: app.port })
  await using proxy = await openTestProxy(brain)
  await using client = await proxy.client()
  client.write('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello')
  await client.has('\r\n\r\nok')
  assert.equal((await app.connection(0)).text, 'hello')
  client.write(get())
  await client.until((raw) => raw.text.split('\r\n\r\nok').length === 3)
  assert.deepEqual(
    brain.ends.map(({ end }) => end),
    ['reset', 'ok', 'reset', 'ok'],
  )
})

test('a POST is never sent twice', async () => {
  await using bad = await rawApp((raw) => raw.socket.once('data', () => raw.socket.resetAndDestroy()))
  const brain = alwaysTo(bad.port)
  brain.next = () => assert.fail('asked for another machine')
  await using proxy = await openTestProxy(brain)
  await using client = await proxy.client()
  client.write(post())
  await client.has('HTTP/1.1 502')
  assert.equal(bad.connections.length, 1)
  assert.deepEqual(
    brain.ends.map(({ end }) => end),
    ['bad-response'],
  )
})

test('a pooled connection that the app has closed is replaced without a word', async () => {
  let answered = 0
  await using app = await rawApp((raw) =>
    raw.socket.on('data', () => {
      // The second request on a connection meets a close.
      if (answered++ === 1) raw.socket.destroy()
      else raw.write(ok)
    }),
  )
  const brain = alwaysTo(app.port)
  brain.next = () => assert.fail('asked for another machine')
  await using proxy = await openTestProxy(brain)
  await using client = await proxy.client()
  client.write(get())
  await client.has('\r\n\r\nok')
  client.write(get('/2'))
  await client.until((raw) => raw.text.split('\r\n\r\nok').length === 3)
  assert.equal(app.connections.length, 2)
  assert.deepEqual(proxy.errors, [])
})

test('idle connections to an app are closed, and those of an earlier run are not used', async () => {
  await using app = await answeringApp(ok)
  let run = 1
  const brain = new ScriptedBrain(() => brain.go({ port: app.port, poolKey: `run-${run}` }))
  await using proxy = await openTestProxy(brain, { poolIdleMs: 200 })
  await using client = await proxy.client()
  client.write(get())
  await client.has('\r\n\r\nok')
  run = 2
  client.write(get())
  await client.until((raw) => raw.text.split('\r\n\r\nok').length === 3)
  assert.equal(app.connections.length, 2)
  await proxy.eventually(
    () => proxy.server.stats().pooled === 0 && app.connections.every(({ isClosed, isEnded }) => isClosed || isEnded),
    'the pool is empty',
  )
})

const malformed: readonly (readonly [string, string])[] = [
  ['no HTTP at all', 'SSH-2.0-x\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok'],
  ['length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a switch nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
  ['an endless head', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(70_000)}`],
]
for (const [name, bytes] of malformed) {
  test(`an app that answers with ${name} gives 502`, async () => {
    await using app = await rawApp((raw) => raw.socket.once('data', () => raw.write(bytes)))
    await using proxy = await openTestProxy(alwaysTo(app.port))
    await using client = await proxy.client()
    client.write(get())
    await client.has('\n\r\nThe app gave no valid answer.\n'.slice(1))
    assert.match(client.text, /^HTTP\/1\.1 502 /)
    assert.deepEqual(
      proxy.brain.ends.map(({ end }) => end),
      ['bad-response'],
    )
    assert.equal(proxy.errors[0]?.code, 'PU02')
  })
}

test('a half head and a close give 502; a half body cuts the client’s connection', async () => {
  await using app = await rawApp((raw) =>
    raw.socket.once('data', () => raw.socket.end(raw.text.includes('/head') ? 'HTTP/1.1 200' : 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')),
  )
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using first = await proxy.client()
  first.write(get('/head'))
  await first.has('HTTP/1.1 502')
  await using second = await proxy.client()
  second.write(get('/body'))
  await second.has('half')
  await second.until((raw) => raw.isClosed || raw.isEnded)
  assert.deepEqual(
    proxy.brain.ends.map(({ end }) => end),
    ['bad-response', 'bad-response'],
  )
})

test('bytes after an answer do not become the answer to the next request', async () => {
  await using app = await rawApp((raw) => raw.socket.once('data', () => raw.write(`${ok}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`)))
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using client = await proxy.client()
  client.write(get('/1') + get('/2'))
  await client.until((raw) => raw.text.split('\r\n\r\nok').length === 3)
  assert.doesNotMatch(client.text, /evil/)
  assert.equal(app.connections.length, 2)
})

test('an app that does not accept or answer in time gives the next machine, or 504', async () => {
  await using app = await rawApp(() => {})
  await using proxy = await openTestProxy(alwaysTo(app.port), { firstByteMs: 150 })
  await using client = await proxy.client()
  client.write(get())
  await client.has('HTTP/1.1 504')
  assert.deepEqual(
    proxy.brain.ends.map(({ end }) => end),
    ['bad-response'],
  )
  assert.equal(proxy.errors[0]?.code, 'PC05')
})

test('a client that leaves ends the app’s request', async () => {
  await using app = await rawApp(() => {})
  await using proxy = await openTestProxy(alwaysTo(app.port))
  const client = await proxy.client()
  client.write(get())
  const upstream = await app.connection(0)
  await upstream.has('\r\n\r\n')
  // Later than a client that shuts its side with its request would.
  await new Promise((resolve) => setTimeout(resolve, 80))
  await client[Symbol.asyncDispose]()
  await upstream.ended()
  assert.deepEqual(
    proxy.brain.ends.map(({ end }) => end),
    ['aborted'],
  )
  await proxy.eventually(() => proxy.requestLog.length === 1, 'a log entry')
  assert.deepEqual([proxy.requestLog[0]?.status, proxy.requestLog[0]?.outcome], [0, 'aborted'])
})

test('a client that leaves in the middle of its upload ends the app’s request', async () => {
  await using app = await rawApp(() => {})
  await using proxy = await openTestProxy(alwaysTo(app.port))
  const client = await proxy.client()
  client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf')
  const upstream = await app.connection(0)
  await upstream.has('half')
  await client[Symbol.asyncDispose]()
  await upstream.ended()
  assert.deepEqual(
    proxy.brain.ends.map(({ end }) => end),
    ['aborted'],
  )
})

test('a client that shuts its sending side with its request still gets the answer', async () => {
  await using app = await rawApp((raw) => raw.socket.on('data', () => setTimeout(() => raw.write(ok), 50)))
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using client = await proxy.client()
  client.socket.end(get())
  await client.ended()
  assert.match(client.text, /Connection: close\r\n\r\nok$/)
  await using piped = await proxy.client()
  piped.socket.end(get('/1') + get('/2'))
  await piped.ended()
  assert.equal(piped.text.match(/\r\n\r\nok/g)?.length, 2)
})

/** A brain that holds every request until the test settles it. */
function holdingBrain() {
  const held: { settle: (decision: Decision & { kind: 'go' | 'refuse' }) => void; hasLeft: boolean }[] = []
  const brain = new ScriptedBrain(() => {
    const waiter = Promise.withResolvers<Decision & { kind: 'go' | 'refuse' }>()
    const entry = { settle: waiter.resolve, hasLeft: false }
    held.push(entry)
    return { kind: 'hold', settled: waiter.promise, leave: () => (entry.hasLeft = true) }
  })
  return { brain, held }
}

test('a held request is sent when its machine is there, its small body with it', async () => {
  await using app = await answeringApp(ok)
  const { brain, held } = holdingBrain()
  await using proxy = await openTestProxy(brain)
  await using client = await proxy.client()
  client.write(post())
  await proxy.eventually(() => held.length === 1, 'held')
  held[0]?.settle(brain.go({ port: app.port }))
  await client.has('\r\n\r\nok')
  await proxy.eventually(() => (proxy.requestLog[0]?.heldMs ?? 0) > 0, 'a log entry')
})

test('a held upload is read only a little ahead, then goes on', async () => {
  await using app = await rawApp((raw) => raw.countOnly())
  const { brain, held } = holdingBrain()
  await using proxy = await openTestProxy(brain)
  await using client = await proxy.client()
  const size = 8_000_000
  client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`)
  client.write(Buffer.alloc(size))
  await proxy.eventually(() => held.length === 1, 'held')
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.ok(client.socket.writableLength > 0, 'the client is not stopped')
  held[0]?.settle(brain.go({ port: app.port }))
  const upstream = await app.connection(0)
  await upstream.until((raw) => raw.bytes > size)
  upstream.write(ok)
  await client.has('\r\n\r\nok')
})

test('waiters leave with their clients, at once', async () => {
  const { brain, held } = holdingBrain()
  await using proxy = await openTestProxy(brain)
  const clients = await Promise.all(Array.from({ length: 50 }, () => proxy.client()))
  for (const client of clients) client.write(get())
  await proxy.eventually(() => held.length === 50, 'all held')
  for (const client of clients.slice(1)) client.socket.destroy()
  await proxy.eventually(() => held.filter(({ hasLeft }) => hasLeft).length === 49, 'all but one have left')
  held[0]?.settle(refusal(503, 'late', 1))
  for (const waiter of held.slice(1)) waiter.settle(brain.go({ port: 1 }))
  await clients[0]?.has('late')
  assert.equal(brain.open, 0)
  await clients[0]?.[Symbol.asyncDispose]()
})
