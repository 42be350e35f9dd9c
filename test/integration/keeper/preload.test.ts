import { strict as assert } from 'node:assert'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect as connectHttp2 } from 'node:http2'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { describeListening } from '../../../src/host/runtime/process/describe-listening.ts'
import { runEnvironment } from '../../../src/host/runtime/process/run-environment.ts'
import { parseAppName, parseInstanceId, parseMachineId, parseRegionCode } from '../../../src/model/ids.ts'
import type { MachineEndpoint } from '../../../src/model/machine/machine-record.ts'
import { until } from '../../testkit/until.ts'

const preloadDir = join(import.meta.dirname, '../../../src/host/runtime/process/preload')
const path = process.env['PATH'] ?? ''
const programs = (name: string) => [
  ...new Set(
    path
      .split(delimiter)
      .map((folder) => join(folder, name))
      .filter(existsSync),
  ),
]
const versionOf = (program: string) => execFileSync(program, ['--version'], { encoding: 'utf8' }).trim()
const hasOwnAddresses = process.platform === 'linux' ? false : 'needs 127/8'

let lastAddress = 1
/** Not an address that a platform gives to a machine of its own. */
const newAddress = () => `127.201.${process.pid % 250}.${++lastAddress}`

interface Running extends AsyncDisposable {
  readonly child: ChildProcess
  readonly endpoint: MachineEndpoint
  readonly dir: string
  output(): string
}
async function run(
  argv: (file: string) => readonly string[],
  name: string,
  source: string,
  endpoint: MachineEndpoint = { address: newAddress() },
  variables: (dir: string) => Readonly<Record<string, string>> = () => ({}),
): Promise<Running> {
  const dir = await mkdtemp(join(tmpdir(), 'kante p-'))
  await writeFile(join(dir, name), source)
  const spec = {
    machine: parseMachineId('0123456789abcd'),
    app: parseAppName('app'),
    region: parseRegionCode('fra'),
    instanceId: parseInstanceId('01HXXXXXXXXXXXXXXXXXXXXXXX'),
    image: '',
    env: variables(dir),
    endpoint,
    ports: [8080],
    memoryMb: 256,
  }
  const [command = '', ...args] = argv(name)
  const env = runEnvironment(spec, { path, home: dir, imageEnv: {}, preloadDir })
  const child = spawn(command, args, { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)))
  const ended = once(child, 'exit')
  return {
    child,
    endpoint,
    dir,
    output: () => output,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid ?? 0), 'SIGKILL')
      await ended
      await rm(dir, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}
const get = (running: Running, port = 8080) =>
  until(`an answer of ${running.endpoint.address}:${port}; output: ${running.output()}`, async () =>
    (await fetch(`http://${running.endpoint.address}:${port}/`)).text(),
  )
const line = (running: Running, prefix: string) =>
  until(`a line ${prefix}`, () =>
    running
      .output()
      .split('\n')
      .find((text) => text.startsWith(prefix)),
  )

const http = (listen: string) => `const server = require('http').createServer((request, response) => response.end('ok'))
  ${listen}
  server.on('listening', () => console.log('address', JSON.stringify(server.address())))`

const nodes = [...new Map([process.execPath, ...programs('node')].map((program) => [versionOf(program), program])).entries()]
for (const [version, node] of nodes) {
  const options = { skip: hasOwnAddresses }

  test(`Node ${version}: whatever way a program names all interfaces or localhost, it gets the machine's address`, options, async () => {
    const ways = [
      'server.listen(8080)',
      `server.listen('8080')`,
      `server.listen(8080, '0.0.0.0')`,
      `server.listen(8080, '::', 10)`,
      `server.listen(8080, 'localhost', () => console.log('called back'))`,
      `server.listen({ port: 8080, host: '127.0.0.1', exclusive: true })`,
      `server.listen({ port: 8080, ipv6Only: true, host: '::' }, () => console.log('called back'))`,
      'server.listen(Number(process.env.PORT), process.env.HOST)',
    ]
    await Promise.all(
      ways.map(async (way) => {
        await using running = await run((file) => [node, file], 'index.cjs', http(way))
        assert.equal(await get(running), 'ok', way)
        if (way.includes('called back')) await line(running, 'called back')
        const address = JSON.parse((await line(running, 'address ')).slice(8)) as { port: number }
        assert.equal(address.port, 8080, way)
      }),
    )
  })

  test(`Node ${version}: a program sees the address it asked for, at once`, options, async () => {
    await using running = await run(
      (file) => [node, file],
      'index.cjs',
      `${http('server.listen(8080)')}\nconsole.log('now', JSON.stringify(server.address()))`,
    )
    await get(running)
    assert.equal(await line(running, 'now '), 'now {"address":"::","family":"IPv6","port":8080}')
    assert.equal(await line(running, 'address '), 'address {"address":"::","family":"IPv6","port":8080}')
  })

  test(`Node ${version}: ES modules, worker processes, threads and http2 are moved, too`, options, async () => {
    const esm = `import { createServer } from 'node:http'; createServer((request, response) => response.end('esm')).listen(8080)`
    const cluster = `const cluster = require('cluster')
      if (cluster.isPrimary) { cluster.fork(); cluster.fork() } else require('http').createServer((request, response) => response.end('cluster')).listen(8080)`
    const thread = `import { Worker, isMainThread } from 'node:worker_threads'; import { createServer } from 'node:http'
      if (isMainThread) new Worker(new URL(import.meta.url)); else createServer((request, response) => response.end('thread')).listen(8080)`
    const child = `require('child_process').spawn(process.execPath, ['-e', "require('http').createServer((request, response) => response.end('child')).listen(8080)"])`
    for (const [name, source, answer] of [
      ['a.mjs', esm, 'esm'],
      ['a.cjs', cluster, 'cluster'],
      ['b.mjs', thread, 'thread'],
      ['b.cjs', child, 'child'],
    ] as const) {
      await using running = await run((file) => [node, file], name, source)
      assert.equal(await get(running), answer)
    }
    const http2 = `const server = require('http2').createServer(); server.on('stream', (stream) => { stream.respond({ ':status': 200 }); stream.end('h2') }); server.listen(8080, () => console.log('ready'))`
    await using running = await run((file) => [node, file], 'c.cjs', http2)
    await line(running, 'ready')
    const session = connectHttp2(`http://${running.endpoint.address}:8080`)
    assert.equal(await text(session.request({ ':path': '/' })), 'h2')
    session.destroy()
  })

  test(`Node ${version}: datagrams reach the machine's address, and a client's own socket stays free`, options, async () => {
    const source = `const { createSocket } = require('dgram'); const socket = createSocket('udp4')
      socket.on('message', (message, from) => socket.send('pong', from.port, from.address))
      socket.bind(8080, () => { const client = createSocket('udp4'); client.bind(0, () => { console.log('client', client.address().address); client.close() }) })`
    await using running = await run((file) => [node, file], 'index.cjs', source)
    assert.equal(await line(running, 'client '), 'client 0.0.0.0')
    const socket = createSocket('udp4')
    const answer = once(socket, 'message')
    socket.send('ping', 8080, running.endpoint.address)
    assert.equal(String((await answer)[0]), 'pong')
    socket.close()
  })

  test(`Node ${version}: paths, chosen addresses and other ports' connections are left alone`, options, async () => {
    const other = newAddress()
    const source = `const net = require('net')
      const echo = (name) => net.createServer((socket) => socket.end(name))
      echo('path').listen('./s.sock', () => net.connect('./s.sock').on('data', (data) => console.log('got', String(data))))
      echo('chosen').listen(8080, '${other}', () => net.connect(8080, '${other}').on('data', (data) => console.log('got', String(data))))
      net.connect(1, 'localhost').on('error', (error) => console.log('refused', error.address ?? error.errors?.[0].address))`
    await using running = await run((file) => [node, file], 'index.cjs', source)
    await line(running, 'got path')
    await line(running, 'got chosen')
    assert.match(await line(running, 'refused '), /127\.0\.0\.1|::1/)
  })

  test(`Node ${version}: where ports are mapped, the outside port is bound and the inside one is seen`, async () => {
    // Below the ports that the system gives to outgoing connections.
    const outside = 13_000 + (process.pid % 5_000)
    const endpoint = { address: '127.0.0.1', portMap: { 8080: outside } }
    const source = `${http('server.listen(8080)')}\nserver.on('listening', async () => console.log('self', await (await fetch('http://localhost:8080')).text()))`
    await using running = await run((file) => [node, file], 'index.cjs', source, endpoint)
    assert.equal(await get(running, outside), 'ok')
    assert.equal(await line(running, 'address '), 'address {"address":"::","family":"IPv6","port":8080}')
    assert.equal(await line(running, 'self '), 'self ok')
  })
}

const pythons = programs('python3')
test(
  'Python: a server on all interfaces, asyncio and a client of localhost go to the machine',
  { skip: hasOwnAddresses || (pythons.length === 0 && 'no python3') },
  async () => {
    await using plain = await run(() => ['python3', '-u', '-m', 'http.server', '8080'], 'index.html', 'python')
    assert.equal(await get(plain), 'python')
    const source = `import asyncio, urllib.request
async def handle(reader, writer):
    await reader.readline()
    writer.write(b'HTTP/1.1 200 OK\\r\\nContent-Length: 7\\r\\nConnection: close\\r\\n\\r\\nasyncio')
    await writer.drain()
    writer.close()
async def main():
    server = await asyncio.start_server(handle, None, 8080)
    print('self', (await asyncio.to_thread(lambda: urllib.request.urlopen('http://localhost:8080/').read().decode())), flush=True)
    await server.serve_forever()
asyncio.run(main())`
    await using both = await run((file) => ['python3', file], 'index.py', source)
    assert.equal(await get(both), 'asyncio')
    assert.equal(await line(both, 'self '), 'self asyncio')
  },
)

test('Python: a sitecustomize of the program’s own still runs', { skip: pythons.length === 0 && 'no python3' }, async () => {
  const own = `print('own sitecustomize', flush=True)`
  const program = `import socket; print('patched', socket.socket.bind.__module__)`
  await using running = await run(
    () => ['python3', '-c', program],
    'sitecustomize.py',
    own,
    { address: newAddress() },
    (dir) => ({ PYTHONPATH: dir }),
  )
  await line(running, 'own sitecustomize')
  assert.equal(await line(running, 'patched '), 'patched sitecustomize')
})

const buns = programs('bun')
test('Bun: both kinds of servers go to the machine', { skip: hasOwnAddresses || (buns.length === 0 && 'no bun') }, async () => {
  for (const [source, answer] of [
    [`Bun.serve({ port: 8080, fetch: () => new Response('serve') })`, 'serve'],
    [`export default { port: 8080, fetch: () => new Response('default') }`, 'default'],
    [`import { createServer } from 'node:http'; createServer((request, response) => response.end('http')).listen(8080)`, 'http'],
  ] as const) {
    await using running = await run((file) => ['bun', file], 'index.ts', source)
    assert.equal(await get(running), answer)
  }
})

const denos = programs('deno')
test('Deno: its server goes to the machine', { skip: hasOwnAddresses || (denos.length === 0 && 'no deno') }, async () => {
  await using running = await run(
    (file) => ['deno', 'run', '-A', '--no-lock', file],
    'index.ts',
    `Deno.serve({ port: 8080 }, () => new Response('deno'))`,
  )
  assert.equal(await get(running), 'deno')
})

test('where a program listens is said when it is the wrong place', { skip: hasOwnAddresses }, async () => {
  const elsewhere = newAddress()
  await using running = await run(
    (file) => [process.execPath, file],
    'index.cjs',
    `require('net').createServer().listen(3000, '${elsewhere}', () => console.log('ready'))`,
  )
  await line(running, 'ready')
  const found = await describeListening([running.child.pid ?? 0], running.endpoint, 8080)
  assert.equal(found, `it listens on ${elsewhere}:3000, not on ${running.endpoint.address}:8080`)
  assert.equal(await describeListening([], running.endpoint, 8080), 'it listens on no port')
})
