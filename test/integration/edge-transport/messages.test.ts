import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTestProxy } from './open-test-proxy.ts'
import { answeringApp, rawApp } from './raw-socket.ts'
import { alwaysTo, refusal, ScriptedBrain } from './scripted-brain.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const get = (path = '/', fields = '') => `GET ${path} HTTP/1.1\r\nHost: hello.example\r\n${fields}\r\n`

test('the app gets the edge’s headers in place of what the client claims', async () => {
  let seen = ''
  await using app = await answeringApp((head) => {
    seen = head
    return ok
  })
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using client = await proxy.client()
  client.write(
    get(
      '/a?b',
      'Fly-Client-IP: 6.6.6.6\r\nfly_region: xx\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nX-Real-IP: 6.6.6.6\r\nVia: 1.0 old\r\nKeep: me\r\nConnection: X-Hop\r\nX-Hop: 1\r\n',
    ),
  )
  await client.has('\r\n\r\nok')
  const lines = seen.split('\r\n')
  assert.equal(lines[0], 'GET /a?b HTTP/1.1')
  assert.deepEqual(
    lines.slice(1, -2).filter((line) => !line.startsWith('X-Request-Start')),
    [
      'Host: hello.example',
      'Via: 1.0 old',
      'Keep: me',
      'X-Forwarded-Proto: http',
      'X-Forwarded-SSL: off',
      'Fly-Forwarded-Port: 80',
      'Fly-Client-IP: 127.0.0.1',
      'Fly-Region: fra',
      'Via: 1.1 kante',
      'X-Forwarded-For: 1.2.3.4, 127.0.0.1, 127.0.0.1',
      'X-Forwarded-Port: 80',
      'Fly-Request-Id: id-1',
    ],
  )
  assert.match(seen, /\r\nX-Request-Start: t=\d{16}\r\n/)
})

test('the client gets the edge’s headers, and no hop-by-hop ones', async () => {
  await using app = await answeringApp(
    'HTTP/1.1 201 Made\r\nServer: x\r\nDate: D\r\nConnection: keep-alive, Y\r\nY: 1\r\nKeep-Alive: 5\r\nA: b\r\nFly-Request-Id: z\r\nContent-Length: 2\r\n\r\nok',
  )
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using client = await proxy.client()
  client.write(get())
  await client.has('\r\n\r\nok')
  assert.equal(
    client.text,
    'HTTP/1.1 201 Made\r\nDate: D\r\nA: b\r\nServer: kante\r\nVia: 1.1 kante\r\nFly-Request-Id: id-1\r\nContent-Length: 2\r\n\r\nok',
  )
})

test('the brain hears host, port and the routing headers', async () => {
  await using app = await answeringApp(ok)
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using client = await proxy.client()
  client.write('GET / HTTP/1.1\r\nHost: Hello.Example.:8080\r\nfly-prefer-region: CDG, fra\r\nfly-force-instance-id: 0123\r\n\r\n')
  await client.has('\r\n\r\nok')
  assert.deepEqual(proxy.brain.asked, [
    { hostname: 'hello.example', port: 80, webSocket: false, preferRegions: ['cdg', 'fra'], forceMachine: '0123' },
  ])
})

test('pipelined requests are answered in order over one app connection', async () => {
  await using app = await answeringApp((head) => `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${head.slice(5, 7)}`)
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using client = await proxy.client()
  client.write(Array.from({ length: 50 }, (_, i) => get(`/${i + 10}`)).join(''))
  await client.has('\r\n\r\n59')
  assert.deepEqual(
    client.text.match(/\r\n\r\n\d\d/g),
    Array.from({ length: 50 }, (_, i) => `\r\n\r\n${i + 10}`),
  )
  assert.equal(app.connections.length, 1)
  assert.equal(proxy.server.stats().pooled, 1)
})

test('HEAD, 204 and 304 have no body, whatever the app says of its length', async () => {
  await using app = await answeringApp((head) => {
    if (head.startsWith('HEAD')) return 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n'
    return head.includes('/204') ? 'HTTP/1.1 204 No Content\r\n\r\n' : 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n'
  })
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using client = await proxy.client()
  client.write(`HEAD / HTTP/1.1\r\nHost: a\r\n\r\n${get('/204')}${get('/304')}`)
  await client.has('304 Not Modified')
  await client.until((raw) => raw.text.endsWith('\r\n\r\n'))
  assert.equal(client.text.match(/HTTP\/1\.1/g)?.length, 3)
  assert.match(client.text, /Content-Length: 99/)
  assert.equal(proxy.server.stats().pooled, 1)
})

test('a chunked answer is framed anew, trailers included', async () => {
  await using app = await answeringApp(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n02\r\nde\r\n0\r\nX-Sum: 1\r\nContent-Length: 3\r\n\r\n',
  )
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using client = await proxy.client()
  client.write(get())
  await client.has('0\r\nX-Sum: 1\r\n\r\n')
  assert.equal(client.text.slice(client.text.indexOf('\r\n\r\n') + 4), '3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n')
  assert.equal(proxy.server.stats().pooled, 1)
})

test('an answer that ends with the app’s connection reaches HTTP/1.1 as chunks and HTTP/1.0 as it is', async () => {
  await using app = await rawApp((raw) => raw.socket.once('data', () => raw.socket.end('HTTP/1.0 200 OK\r\n\r\nuntil close')))
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using modern = await proxy.client()
  modern.write(get())
  await modern.has('0\r\n\r\n')
  assert.match(modern.text, /\r\n\r\nb\r\nuntil close\r\n0\r\n\r\n$/)
  await using old = await proxy.client()
  old.write('GET / HTTP/1.0\r\nHost: a\r\n\r\n')
  await old.ended()
  assert.match(old.text, /Connection: close\r\n\r\nuntil close$/)
})

test('HTTP/1.0 keeps its connection only when it asks', async () => {
  await using app = await answeringApp(ok)
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using client = await proxy.client()
  client.write('GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n')
  await client.has('\r\n\r\nok')
  assert.match(client.text, /\r\nConnection: keep-alive\r\n/)
  client.write('GET / HTTP/1.0\r\nHost: a\r\n\r\n')
  await client.ended()
  assert.match(client.text, /\r\nConnection: close\r\n\r\nok$/)
})

test('request bodies are framed anew: by length and by chunk', async () => {
  await using app = await rawApp((raw) =>
    raw.socket.on('data', () => {
      if (raw.text.endsWith('hello') || raw.text.endsWith('0\r\nX: y\r\n\r\n')) raw.write(ok)
    }),
  )
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using client = await proxy.client()
  client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 005\r\n\r\nhello')
  await client.has('\r\n\r\nok')
  const first = await app.connection(0)
  assert.match(first.text, /\r\nContent-Length: 5\r\n\r\nhello$/)
  client.write('PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n')
  await first.has('abc')
  client.write('2\r\nde\r\n0\r\nX: y\r\n\r\n')
  await client.until((raw) => raw.text.split('\r\n\r\nok').length === 3)
  assert.match(first.text, /\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n$/)
})

test('100 Continue comes from the app, and only then the body', async () => {
  await using app = await rawApp((raw) => raw.socket.once('data', () => raw.write('HTTP/1.1 100 Continue\r\n\r\n')))
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using client = await proxy.client()
  client.write('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n')
  await client.has('HTTP/1.1 100 Continue\r\n\r\n')
  client.write('hello')
  const upstream = await app.connection(0)
  await upstream.has('hello')
  assert.match(upstream.text, /\r\nExpect: 100-continue\r\n/)
  upstream.write(ok)
  await client.has('\r\n\r\nok')
})

test('early hints pass, also right before the answer', async () => {
  await using app = await answeringApp(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok}`)
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using client = await proxy.client()
  client.write(get())
  await client.has('\r\n\r\nok')
  assert.match(client.text, /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>\r\n\r\nHTTP\/1\.1 200 OK/)
})

test('an answer that comes while the upload runs is passed on, the connection ends with it', async () => {
  await using app = await rawApp((raw) => raw.socket.once('data', () => raw.write('HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\n\r\nno')))
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using client = await proxy.client()
  client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nstart')
  await client.ended()
  assert.match(client.text, /^HTTP\/1\.1 413 Too Much[^]*Connection: close\r\n\r\nno$/)
  client.write('more')
  assert.deepEqual(
    proxy.brain.ends.map(({ end }) => end),
    ['ok'],
  )
})

test('an answer may stream while the upload goes on', async () => {
  await using app = await rawApp((raw) => raw.socket.once('data', () => raw.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')))
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using client = await proxy.client()
  client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\none')
  await client.has('HTTP/1.1 200 OK')
  const upstream = await app.connection(0)
  upstream.write('3\r\nONE\r\n')
  await client.has('ONE')
  client.write('two')
  await upstream.has('onetwo')
  upstream.write('3\r\nTWO\r\n0\r\n\r\n')
  await client.has('TWO\r\n0\r\n\r\n')
})

test('what is refused is answered as text and closes the connection', async () => {
  await using app = await answeringApp(ok)
  await using proxy = await openTestProxy(alwaysTo(app.port))
  for (const [bytes, status] of [
    ['GET / HTTP/1.1\r\n\r\n', 400],
    [get('/', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n'), 400],
    ['GET / HTTP/3.0\r\nHost: a\r\n\r\n', 505],
    [`GET /${'a'.repeat(70_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431],
    ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n', 400],
  ] as const) {
    await using client = await proxy.client()
    client.write(`${bytes}${get('/smuggled')}`)
    await client.ended()
    assert.match(client.text, new RegExp(`^HTTP/1.1 ${status} [^]*Content-Type: text/plain[^]*Connection: close\r\n\r\n.+\n$`))
    assert.equal(client.text.match(/^HTTP\/1\.1/gm)?.length, 1)
  }
  assert.equal(app.connections.length, 0)
})

test('a refusal of the brain is a short text with Retry-After, and the connection goes on', async () => {
  const brain = new ScriptedBrain((facts) => (facts.hostname === 'busy' ? refusal(503, 'All machines are busy.', 7) : refusal(404, 'No app here.')))
  await using proxy = await openTestProxy(brain)
  await using client = await proxy.client()
  client.write(`GET / HTTP/1.1\r\nHost: busy\r\n\r\nHEAD / HTTP/1.1\r\nHost: none\r\n\r\n${get()}`)
  await client.until((raw) => raw.text.endsWith('\r\n\r\nNo app here.\n'))
  assert.match(
    client.text,
    /^HTTP\/1\.1 503 Service Unavailable[^]*Retry-After: 7\r\n[^]*\r\n\r\nAll machines are busy\.\nHTTP\/1\.1 404 Not Found[^]*\r\n\r\nHTTP\/1\.1 404/,
  )
})

test('the request log tells each request once, without the query', async () => {
  await using app = await answeringApp(ok)
  await using proxy = await openTestProxy(alwaysTo(app.port))
  await using client = await proxy.client()
  client.write(get('/secret?token=1'))
  await client.has('\r\n\r\nok')
  await proxy.eventually(() => proxy.requestLog.length === 1, 'one entry')
  const { timeMs, totalMs, connectMs, firstByteMs, ...rest } = proxy.requestLog[0] ?? assert.fail()
  assert.ok(Math.abs(Date.now() - timeMs) < 5000 && totalMs >= firstByteMs && firstByteMs >= connectMs && connectMs > 0)
  assert.deepEqual(rest, {
    requestId: 'id-1',
    method: 'GET',
    host: 'hello.example',
    path: '/secret',
    status: 200,
    outcome: 'ok',
    requestBodyBytes: 0,
    responseBodyBytes: 2,
    heldMs: 0,
    attempts: 1,
    edgeRegion: 'fra',
    clientAddress: '127.0.0.1',
    app: 'hello',
    machine: '00000000000001',
    machineRegion: 'fra',
  })
})
