import { strict as assert } from 'node:assert'
import { connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { plainApp, type TestApp } from '../testkit/app.ts'
import { edgeStatus } from '../testkit/edge-status.ts'
import { ask } from '../testkit/http.ts'
import { openTestPlatform, type TestPlatform } from '../testkit/platform.ts'
import { until } from '../testkit/until.ts'

interface Machine {
  readonly id: string
  readonly state: string
  readonly events: readonly { readonly type: string; readonly status: string; readonly timestamp: number }[]
}
let platform: TestPlatform
let app: TestApp
const regions = ['fra', 'cdg', 'iad']
const machine = async () => {
  const [only] = await platform.json<readonly Machine[]>(['machine', 'list', '-a', 'sleepy'])
  assert.ok(only)
  return only
}
const stopped = () => until('the machine is stopped', async () => (await machine()).state === 'stopped' && (await machine()), 30_000)
const startsOf = (of: Machine) => of.events.filter((event) => event.type === 'start' && event.status === 'started').length

before(async () => {
  platform = await openTestPlatform({ regions, flags: ['--idle-timeout', '1'] })
  app = await plainApp('sleepy', { autostop: 'stop' })
  await platform.kante(['apps', 'create', 'sleepy'])
  await platform.kante(['deploy', '--ha=false'], { cwd: app.dir })
})
after(async () => {
  await app[Symbol.asyncDispose]()
  await platform[Symbol.asyncDispose]()
})

test('an idle machine stops in seconds, and 500 requests over three edges start it once', async () => {
  const asleep = await stopped()
  const before = startsOf(asleep)
  const answers = await Promise.all(
    Array.from({ length: 500 }, (_, index) => ask({ port: platform.edgePort(regions[index % 3] ?? 'fra'), host: 'sleepy.localhost' })),
  )
  const wrong = answers.filter((answer) => answer.status !== 200)
  assert.deepEqual(wrong.map((answer) => `${answer.status} ${answer.body}`).slice(0, 3), [])
  const awake = await machine()
  assert.equal(startsOf(awake) - before, 1)
})

test('499 of 500 clients leave while the machine wakes: the last one is served and no waiter is left', async () => {
  await stopped()
  const port = platform.edgePort('cdg')
  const clients = Array.from({ length: 499 }, () => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.on('error', () => undefined)
    socket.write('GET / HTTP/1.1\r\nHost: sleepy.localhost\r\n\r\n')
    return socket
  })
  const last = ask({ port, host: 'sleepy.localhost' })
  for (const socket of clients) socket.destroy()
  assert.equal((await last).status, 200)
  await until('no waiter and nothing in flight is left', async () => {
    const status = await edgeStatus(platform, 'cdg')
    return Object.keys(status.waiters).length === 0 && status.inFlight === 0
  })
})

test('an open WebSocket is use: its machine stays for many idle time-outs, and stops when it is closed', async () => {
  const socket = connect({ host: '127.0.0.1', port: platform.edgePort('fra') })
  const inbox = readAll(socket)
  socket.write(
    'GET / HTTP/1.1\r\nHost: sleepy.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  await inbox.until(/^HTTP\/1\.1 101 [^]*\r\n\r\n/)
  const { events } = await machine()
  await new Promise((resolve) => setTimeout(resolve, 5_000))
  socket.write('still there')
  await inbox.until(/still there$/)
  assert.equal((await machine()).events.length, events.length)
  socket.destroy()
  await stopped()
})

test('a request for a stopped machine is held while the daemon is dead, and served when it is back', async () => {
  await stopped()
  process.kill(await platform.daemonPid(), 'SIGKILL')
  const held = ask({ port: platform.edgePort('fra'), host: 'sleepy.localhost' })
  await until('the request waits at the edge', async () => (await edgeStatus(platform, 'fra')).waiters['sleepy'] === 1)
  await platform.up()
  assert.equal((await held).status, 200)
})

test('requests that race autostop are all served, over many rounds', async () => {
  // Pauses around the idle time-out, so that requests arrive before, in and after the drain.
  for (let round = 0; round < 12; round++) {
    const answer = await ask({ port: platform.edgePort(regions[round % 3] ?? 'fra'), host: 'sleepy.localhost' })
    assert.equal(answer.status, 200, answer.body)
    await new Promise((resolve) => setTimeout(resolve, 900 + round * 40))
  }
})

test('suspend keeps the process: the same pid answers after the resume', async () => {
  // Without autostop, so that nothing but the command puts it to sleep.
  await using awake = await plainApp('awake')
  await platform.kante(['apps', 'create', 'awake'])
  await platform.kante(['deploy', '--ha=false'], { cwd: awake.dir })
  const { pid } = JSON.parse((await ask({ port: platform.edgePort('fra'), host: 'awake.localhost' })).body) as { pid: number }
  const [only] = await platform.json<readonly Machine[]>(['machine', 'list', '-a', 'awake'])
  await platform.kante(['machine', 'suspend', only?.id ?? '', '-a', 'awake'])
  await until('suspended', async () => (await platform.json<readonly Machine[]>(['machine', 'list', '-a', 'awake']))[0]?.state === 'suspended')
  const answer = await ask({ port: platform.edgePort('fra'), host: 'awake.localhost' })
  assert.equal((JSON.parse(answer.body) as { pid: number }).pid, pid)
})

test('each region’s edge wakes its own region’s machine, and only that', async () => {
  await using spread = await plainApp('spread', { autostop: 'stop', check: false })
  await platform.kante(['apps', 'create', 'spread'])
  await platform.kante(['deploy', '--ha=false'], { cwd: spread.dir })
  await platform.kante(['scale', 'count', '3', '--region', regions.join(','), '--max-per-region', '1', '-a', 'spread', '-y'])
  const list = () => platform.json<readonly (Machine & { region: string })[]>(['machine', 'list', '-a', 'spread'])
  for (const region of regions) {
    await until('all are asleep', async () => (await list()).every((each) => each.state === 'stopped'), 30_000)
    const answer = await ask({ port: platform.edgePort(region), host: 'spread.localhost' })
    assert.equal((JSON.parse(answer.body) as { region: string }).region, region)
    assert.deepEqual(
      (await list()).filter((each) => each.state !== 'stopped').map((each) => each.region),
      [region],
    )
  }
})

/** Collects what a raw client receives. */
function readAll(socket: Socket): { until(pattern: RegExp): Promise<void> } {
  let all = ''
  socket.on('error', () => undefined)
  socket.on('data', (part) => (all += part.toString('latin1')))
  return { until: async (pattern) => void (await until(`received ${pattern}`, () => pattern.test(all), 20_000)) }
}
