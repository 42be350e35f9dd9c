import assert from 'node:assert/strict'
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { inheritableListener } from './inheritable-listener.ts'
import { openTestProxy } from './open-test-proxy.ts'
import { answeringApp, rawApp, RawSocket } from './raw-socket.ts'
import { alwaysTo } from './scripted-brain.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const get = (path = '/') => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const upgrade = 'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n'
const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: y\r\n\r\n'

/** An app that switches and sends back what it gets. */
const echoApp = () =>
  rawApp((raw) => {
    let isSwitched = false
    raw.socket.on('data', (data: Buffer) => {
      if (isSwitched) raw.socket.write(data)
      else if (raw.text.endsWith('\r\n\r\n')) {
        isSwitched = true
        raw.write(`${switching}hello`)
      }
    })
    raw.socket.on('end', () => raw.socket.end())
  })

test('a switched connection carries bytes both ways and counts as in flight until it ends', async () => {
  await using app = await echoApp()
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using client = await proxy.client()
  client.write(`${upgrade}early`)
  await client.has('\r\n\r\nhelloearly')
  assert.match(
    client.text,
    /^HTTP\/1\.1 101 Switching Protocols\r\nSec-WebSocket-Accept: y\r\n[^]*Connection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello/,
  )
  assert.match((await app.connection(0)).text, /Sec-WebSocket-Key: x\r\n[^]*Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n/)
  assert.equal(proxy.brain.asked[0]?.webSocket, true)
  assert.deepEqual([proxy.server.stats().inFlight, proxy.server.stats().tunnels, proxy.brain.open], [1, 1, 1])
  const big = Buffer.alloc(3_000_000, 'x')
  client.countOnly()
  const before = client.bytes
  client.write(big)
  await client.until((raw) => raw.bytes - before === big.length)
  client.socket.end()
  await client.ended()
  await proxy.eventually(() => proxy.brain.open === 0 && proxy.server.stats().tunnels === 0, 'the ticket is given back')
  assert.deepEqual(
    proxy.brain.ends.map(({ end }) => end),
    ['ok'],
  )
})

test('a switched connection stops the faster side until the slower one takes more', async () => {
  const size = 20_000_000
  await using app = await rawApp((raw) => raw.socket.once('data', () => raw.write(switching)))
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using client = await proxy.client()
  client.write(upgrade)
  await client.has('Upgrade: websocket')
  const upstream = await app.connection(0)
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    to.countOnly()
    to.socket.pause()
    const before = to.bytes
    from.write(Buffer.alloc(size, 'x'))
    await new Promise((resolve) => setTimeout(resolve, 100))
    assert.ok(from.socket.writableLength > 0, 'the sender is not stopped')
    to.socket.resume()
    await to.until((raw) => raw.bytes - before === size)
  }
})

test('an app that does not switch answers as usual, and the connection goes on', async () => {
  await using app = await answeringApp(ok)
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using client = await proxy.client()
  client.write(upgrade + get())
  await client.until((raw) => raw.text.split('\r\n\r\nok').length === 3)
})

test('either side’s end of a switched connection ends the other', async () => {
  await using app = await echoApp()
  await using proxy = await openTestProxy(alwaysTo(app.port), { halfClosedTunnelMs: 100 })
  for (const index of [0, 1]) {
    await using client = await proxy.client()
    client.write(upgrade)
    await client.has('hello')
    const upstream = await app.connection(index)
    if (index === 0) {
      upstream.socket.destroy()
      await client.ended()
    } else {
      client.socket.resetAndDestroy()
      await upstream.ended()
    }
    await proxy.eventually(() => proxy.brain.open === 0, 'no ticket is open')
  }
})

test('drain closes idle connections, lets requests end and refuses new ones', async () => {
  await using app = await rawApp(() => {})
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using idle = await proxy.client()
  await using busy = await proxy.client()
  busy.write(get())
  const upstream = await app.connection(0)
  await upstream.has('\r\n\r\n')
  const drained = proxy.server.drain(5000)
  await idle.ended()
  await assert.rejects(RawSocket.to(proxy.port))
  upstream.write(ok)
  await busy.ended()
  assert.match(busy.text, /Connection: close\r\n\r\nok$/)
  busy.socket.end()
  idle.socket.end()
  await drained
  assert.deepEqual(proxy.server.stats(), { connections: 0, inFlight: 0, tunnels: 0, pooled: 0 })
})

test('drain cuts what is left at its deadline', async () => {
  await using app = await echoApp()
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using client = await proxy.client()
  client.write(upgrade)
  await client.has('hello')
  const startedMs = performance.now()
  await proxy.server.drain(150)
  assert.ok(performance.now() - startedMs < 2000)
  await client.ended()
})

test('an inherited listening socket is served, and connections wait while no edge lives', async () => {
  await using app = await answeringApp(ok)
  const listener = inheritableListener()
  const startEdge = () =>
    spawn(process.execPath, [fileURLToPath(new URL('inherited-listener.ts', import.meta.url)), String(app.port)], {
      stdio: ['ignore', 'pipe', 'inherit', listener.fd],
    })
  let edge = startEdge()
  try {
    if (edge.stdout === null) assert.fail('no pipe')
    await once(edge.stdout, 'data')
    await using first = await RawSocket.to(listener.port)
    first.write(get())
    await first.has('\r\n\r\nok')
    edge.kill('SIGKILL')
    await once(edge, 'exit')
    await using waiting = await RawSocket.to(listener.port)
    waiting.write(get())
    edge = startEdge()
    await waiting.has('\r\n\r\nok')
  } finally {
    edge.kill('SIGKILL')
    listener.close()
  }
})

test('slow heads, slow bodies and idle connections end in time', async () => {
  await using app = await answeringApp(ok)
  await using proxy = await openTestProxy(alwaysTo(app.port), { requestHeadMs: 200, requestBodyIdleMs: 200, keepAliveMs: 200 })
  await using silent = await proxy.client()
  await using slowHead = await proxy.client()
  await using slowBody = await proxy.client()
  await using idle = await proxy.client()
  slowHead.write('GET / HT')
  slowBody.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe')
  idle.write(get())
  await Promise.all([silent, slowHead, slowBody, idle].map((client) => client.ended()))
  assert.equal(silent.text, '')
  assert.match(slowHead.text, /^HTTP\/1\.1 408 /)
  assert.match(slowBody.text, /^HTTP\/1\.1 (408|200) /)
  assert.match(idle.text, /\r\n\r\nok$/)
})

test('a client that takes nothing of its answer is cut off', async () => {
  await using app = await answeringApp(`HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n${'x'.repeat(50_000_000)}`)
  await using proxy = await openTestProxy(alwaysTo(app.port), { clientStallMs: 200 })
  await using client = await proxy.client()
  client.write(get())
  await client.has('\r\n\r\n')
  client.socket.pause()
  await proxy.eventually(() => proxy.server.stats().connections === 0, 'the client is gone')
  assert.deepEqual(
    proxy.brain.ends.map(({ end }) => end),
    ['aborted'],
  )
})

test('a client that drips its head byte by byte is served', async () => {
  await using app = await answeringApp(ok)
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using client = await proxy.client()
  for (const character of get('/drip')) {
    client.write(character)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await client.has('\r\n\r\nok')
})

test('connections beyond the limit are closed, requests beyond theirs end the connection', async () => {
  await using app = await answeringApp(ok)
  await using proxy = await openTestProxy(alwaysTo(app.port), {}, { connections: 2, requestsPerConnection: 2 })
  await using first = await proxy.client()
  await using second = await proxy.client()
  await proxy.eventually(() => proxy.server.stats().connections === 2, 'two connections')
  await using third = await proxy.client()
  await third.ended()
  first.write(get() + get())
  await first.ended()
  assert.match(first.text, /\r\n\r\nok[^]*Connection: close\r\n\r\nok$/)
  second.write(get())
  await second.has('\r\n\r\nok')
})
