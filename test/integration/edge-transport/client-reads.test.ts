import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { ReadBuffers } from '../../../src/edge/transport/read-buffers.ts'
import { TimerWheel } from '../../../src/edge/transport/timer-wheel.ts'
import { UpstreamConnection, type UpstreamUser } from '../../../src/edge/transport/upstream-connection.ts'
import { systemClock } from '../../../src/kit/clock.ts'
import { bestClientReads } from '../../../src/edge/transport/client-listener.ts'
import { openTestProxy, testedClientReads } from './open-test-proxy.ts'
import { rawApp, RawSocket } from './raw-socket.ts'
import { alwaysTo, ScriptedBrain } from './scripted-brain.ts'

test('this Node.js reads accepted sockets into buffers of ours', async () => {
  assert.equal(await bestClientReads(), 'buffers')
})

/** Bytes of which no two places look alike. */
function pattern(seed: number, sizeBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(sizeBytes)
  let state = seed + 1
  for (let at = 0; at < sizeBytes; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[at] = state >>> 16
  }
  return bytes
}
const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

test('large uploads arrive byte for byte, at apps that take them slowly, side by side, one after the other on a connection', async () => {
  const app = createServer((request, response) => {
    const hash = createHash('sha256')
    request.on('data', (data: Buffer) => {
      hash.update(data)
      request.pause()
      setImmediate(() => setImmediate(() => request.resume()))
    })
    request.on('end', () => response.end(hash.digest('hex')))
  })
  app.listen(0, '127.0.0.1')
  await once(app, 'listening')
  try {
    await using proxy = await openTestProxy(alwaysTo((app.address() as AddressInfo).port))
    await Promise.all(
      Array.from({ length: 12 }, async (_, client) => {
        await using raw = await proxy.client()
        const bodies = [3_000_000, 40_000, 0, 1_500_000].map((sizeBytes, at) => pattern(client * 10 + at, sizeBytes))
        // Pipelined: the next head lies in the read that ends a body.
        for (const [at, body] of bodies.entries()) {
          const isChunked = (client + at) % 2 === 1
          raw.write(`PUT / HTTP/1.1\r\nHost: a\r\n${isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`}\r\n\r\n`)
          if (!isChunked) raw.write(body)
          else if (body.length === 0) raw.write('0\r\n\r\n')
          else {
            const cut = Math.floor(body.length / 3)
            for (const piece of [body.subarray(0, cut), body.subarray(cut)]) {
              raw.write(`${piece.length.toString(16)}\r\n`)
              raw.write(piece)
              raw.write('\r\n')
            }
            raw.write('0\r\n\r\n')
          }
        }
        const answers = () => [...raw.text.matchAll(/\r\n\r\n([0-9a-f]{64})/g)].map((found) => found[1])
        await raw.until(() => answers().length === bodies.length, 15_000)
        assert.deepEqual(answers(), bodies.map(digest))
      }),
    )
    assert.ok(proxy.requestLog.every(({ outcome }) => outcome === 'ok'))
  } finally {
    app.closeAllConnections()
    app.close()
  }
})

/** Lets the proxy, which lives in the same loop, read what has just been written. */
async function turns(count = 4): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}
/** Reads of the size that earns a buffer, each smaller than what a socket queues without complaint. */
const pieceBytes = 40_000
const pieces = (body: Buffer) =>
  Array.from({ length: Math.ceil(body.length / pieceBytes) }, (_, at) => body.subarray(at * pieceBytes, (at + 1) * pieceBytes))

for (const kind of ['an upload', 'a tunnel']) {
  test(`pieces of ${kind} that the app does not take are not overwritten by the next ones`, async () => {
    await using app = await rawApp((raw) => {
      raw.socket.once('data', () => {
        if (kind === 'a tunnel') raw.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: bytes\r\n\r\n')
        raw.socket.pause()
      })
    })
    await using proxy = await openTestProxy(alwaysTo(app.port))
    await using client = await proxy.client()
    const body = pattern(5, 16_000_000)
    if (kind === 'a tunnel') {
      client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: bytes\r\n\r\n')
      await client.has('101')
    } else client.write(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`)
    await turns()
    for (const piece of pieces(body)) {
      client.write(piece)
      await turns()
    }
    const got = await app.connection(0)
    got.socket.resume()
    const bodyAt = got.text.indexOf('\r\n\r\n') + 4
    await got.until(({ bytes }) => bytes === bodyAt + body.length)
    assert.equal(digest(Buffer.from(got.text.slice(bodyAt), 'latin1')), digest(body))
    if (kind === 'an upload') got.write('HTTP/1.1 204 No Content\r\n\r\n')
    if (kind === 'an upload') await client.has('204')
  })
}

test('a body that is sent once more is what the client sent', async () => {
  const body = Buffer.concat([pattern(6, 35_000), pattern(7, 9_000), pattern(8, 9_000), pattern(9, 9_000)])
  const isWhole = (raw: RawSocket) => raw.text.length - raw.text.indexOf('\r\n\r\n') - 4 === body.length
  await using app = await rawApp((raw, index) => {
    raw.socket.on('data', () => {
      if (!isWhole(raw)) return
      if (index === 0) raw.socket.resetAndDestroy()
      else raw.write('HTTP/1.1 204 No Content\r\n\r\n')
    })
  })
  const brain = alwaysTo(app.port)
  brain.next = () => brain.go({ port: app.port })
  await using proxy = await openTestProxy(brain)
  await using client = await proxy.client()
  client.write(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`)
  await (await app.connection(0)).until((raw) => raw.text.includes('\r\n\r\n'))
  for (const [from, to] of [
    [0, 35_000],
    [35_000, 44_000],
    [44_000, 53_000],
    [53_000, body.length],
  ] as const) {
    client.write(body.subarray(from, to))
    await turns()
  }
  await client.has('204')
  const again = await app.connection(1)
  assert.equal(digest(Buffer.from(again.text.slice(again.text.indexOf('\r\n\r\n') + 4), 'latin1')), digest(body))
})

test('what a client still sends after an early answer does not get into the uploads of others', async () => {
  await using early = await rawApp((raw) => {
    raw.countOnly()
    raw.socket.on('data', () => {
      if (raw.bytes > 500_000) raw.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n')
    })
  })
  const slow = createServer((request, response) => {
    const hash = createHash('sha256')
    request.on('data', (data: Buffer) => {
      hash.update(data)
      request.pause()
      setImmediate(() => request.resume())
    })
    request.on('end', () => response.end(hash.digest('hex')))
  })
  slow.listen(0, '127.0.0.1')
  await once(slow, 'listening')
  try {
    const brain = new ScriptedBrain(({ hostname }) =>
      brain.go({ port: hostname === 'early' ? early.port : (slow.address() as AddressInfo).port, poolKey: hostname }),
    )
    await using proxy = await openTestProxy(brain)
    await Promise.all(
      Array.from({ length: 8 }, async (_, pair) => {
        await using loud = await proxy.client()
        await using client = await proxy.client()
        const noise = Buffer.alloc(100_000, 'n')
        loud.write('PUT / HTTP/1.1\r\nHost: early\r\nContent-Length: 900000000\r\n\r\n')
        while (!loud.text.includes('413')) {
          loud.write(noise)
          await turns(2)
        }
        const body = pattern(pair, 4_000_000)
        client.write(`PUT / HTTP/1.1\r\nHost: slow\r\nContent-Length: ${body.length}\r\n\r\n`)
        client.write(body)
        while (!client.text.includes('\r\n\r\n') && !client.isClosed) {
          if (!loud.isClosed && loud.socket.writableLength < 1_000_000) loud.write(noise)
          await turns(1)
        }
        await client.until(({ text }) => /\r\n\r\n[0-9a-f]{64}$/.test(text))
        assert.equal(client.text.slice(-64), digest(body))
      }),
    )
  } finally {
    slow.closeAllConnections()
    slow.close()
  }
})

test('a connection whose app has answered before it took the whole request is not given to the next', async () => {
  await using app = await rawApp((raw) =>
    raw.socket.once('data', () => {
      raw.socket.pause()
      raw.write('HTTP/1.1 204 No Content\r\n\r\n')
    }),
  )
  using wheel = new TimerWheel(systemClock, 100)
  const { promise: end, resolve } = Promise.withResolvers<'idle' | 'closed'>()
  const { promise: finished, resolve: upstreamFinished } = Promise.withResolvers<void>()
  const deps = {
    wheel,
    buffers: new ReadBuffers(),
    connectMs: 1_000,
    firstByteMs: 1_000,
    onIdle: () => resolve('idle'),
    onClosed: () => resolve('closed'),
  }
  const user = { upstreamConnected, upstreamResponse() {}, upstreamMayRead: () => true, upstreamFinished, upstreamDrained() {} }
  const connection: UpstreamConnection = new UpstreamConnection(deps, 'key', '127.0.0.1', app.port, user as unknown as UpstreamUser)
  function upstreamConnected(): void {
    const body = Buffer.alloc(30_000_000)
    connection.sendHead('PUT', `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`, false, false)
    connection.sendBody(body, true)
    connection.endBody('')
  }
  await finished
  assert.equal(await end, 'closed')
  connection.abandon()
})

test('a tunnel carries large and small pieces both ways, byte for byte', async () => {
  const [down, up] = [pattern(2, 2_000_000), pattern(3, 2_000_000)]
  const got = createHash('sha256')
  let gotBytes = 0
  await using app = await rawApp((raw) => {
    const onHead = () => {
      const end = raw.text.indexOf('\r\n\r\n')
      if (end < 0) return
      raw.socket.off('data', onHead)
      raw.countOnly()
      raw.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: bytes\r\n\r\n')
      raw.write(down)
      raw.socket.on('data', (data: Buffer) => {
        got.update(data)
        gotBytes += data.length
      })
    }
    raw.socket.on('data', onHead)
  })
  await using proxy = await openTestProxy(alwaysTo(app.port))
  const socket = connect({ port: proxy.port, host: '127.0.0.1', noDelay: true })
  const parts: Buffer[] = []
  socket.on('data', (data: Buffer) => parts.push(data))
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: bytes\r\n\r\n')
  await proxy.eventually(() => parts.length > 0, 'the switch')
  for (let at = 0, size = 1; at < up.length; at += size, size = (size * 7 + 13) % 300_000) {
    if (!socket.write(up.subarray(at, at + size))) await once(socket, 'drain')
  }
  await proxy.eventually(() => gotBytes === up.length, 'all that the client sent')
  assert.equal(got.digest('hex'), digest(up))
  const head = 'HTTP/1.1 101 Switching Protocols'
  await proxy.eventually(() => parts.reduce((sum, { length }) => sum + length, 0) > down.length, 'all that the app sent')
  const all = Buffer.concat(parts)
  assert.equal(all.subarray(0, head.length).toString(), head)
  assert.equal(digest(all.subarray(-down.length)), digest(down))
  socket.destroy()
  await once(socket, 'close')
})

test('the transport holds with reads by events, too, should a Node.js not give handles', { skip: testedClientReads === 'events' }, async () => {
  const files = ['back-pressure', 'client-reads', 'failures', 'lifetime', 'load', 'messages', 'smuggling'].map((name) =>
    join(import.meta.dirname, `${name}.test.ts`),
  )
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env
  const child = spawn(process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=tap', ...files], {
    env: { ...environment, KANTE_TEST_CLIENT_READS: 'events' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part))
  const [code] = (await once(child, 'close')) as [number]
  assert.equal(code, 0, text)
  assert.match(text, /# fail 0/)
})

test('a connection that is closed while its upload is under way gives nothing of it to others', async () => {
  const seen: string[] = []
  const app = createServer((request, response) => {
    const hash = createHash('sha256')
    request.on('data', (data: Buffer) => hash.update(data))
    request.on('error', () => seen.push('cut'))
    request.on('end', () => response.end(hash.digest('hex')))
  })
  app.listen(0, '127.0.0.1')
  await once(app, 'listening')
  try {
    await using proxy = await openTestProxy(alwaysTo((app.address() as AddressInfo).port))
    for (let round = 0; round < 20; round++) {
      const body = pattern(round, 700_000)
      await using leaving = await proxy.client()
      await using staying = await RawSocket.to(proxy.port)
      leaving.write('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n')
      leaving.write(pattern(99, 400_000))
      staying.write(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n`)
      staying.write(body.subarray(0, 300_000))
      leaving.socket.destroy()
      staying.write(body.subarray(300_000))
      await staying.until((raw) => /\r\n\r\n[0-9a-f]{64}/.test(raw.text))
      assert.equal(staying.text.slice(-64), digest(body))
    }
    await proxy.eventually(() => seen.length === 20, 'the app hears of those that left')
  } finally {
    app.closeAllConnections()
    app.close()
  }
})
