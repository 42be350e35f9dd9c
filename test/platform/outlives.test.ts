import { strict as assert } from 'node:assert'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { plainApp, type TestApp } from '../testkit/app.ts'
import { edgeStatus } from '../testkit/edge-status.ts'
import { ask } from '../testkit/http.ts'
import { openLoad } from '../testkit/load.ts'
import { openTestPlatform, type TestPlatform } from '../testkit/platform.ts'
import { until } from '../testkit/until.ts'

interface Machine {
  readonly id: string
  readonly state: string
  readonly region: string
  readonly events: readonly { readonly type: string; readonly request?: { readonly exit_event?: { readonly exit_code: number } } }[]
}
interface Served {
  readonly pid: number
  readonly machine: string
  readonly region: string
}

let platform: TestPlatform
let app: TestApp
const served = async (region: string): Promise<Served> =>
  JSON.parse((await ask({ port: platform.edgePort(region), host: 'steady.localhost' })).body) as Served
const machines = () => platform.json<readonly Machine[]>(['machine', 'list', '-a', 'steady'])

before(async () => {
  platform = await openTestPlatform()
  app = await plainApp('steady')
  await platform.kante(['apps', 'create', 'steady'])
  await platform.kante(['deploy', '--ha=false'], { cwd: app.dir })
  await platform.kante(['scale', 'count', '3', '--region', 'fra,cdg,iad', '--max-per-region', '1', '-a', 'steady', '-y'])
  await until('every region is served by its own machine', async () =>
    (await Promise.all(platform.regions.map(served))).every((answer, index) => answer.region === platform.regions[index]),
  )
})
after(async () => {
  await app[Symbol.asyncDispose]()
  await platform[Symbol.asyncDispose]()
})

test('each region’s edge is answered by the machine of its own region, all on port 8080', async () => {
  const answers = await Promise.all(['fra', 'cdg', 'iad'].map(served))
  assert.deepEqual(
    answers.map((answer) => answer.region),
    ['fra', 'cdg', 'iad'],
  )
  assert.equal(new Set(answers.map((answer) => answer.pid)).size, 3)
})

test('kill -9 of the daemon: machines keep their pids, no request fails, what happened meanwhile is known afterwards', async () => {
  const pidsBefore = (await Promise.all(['fra', 'cdg', 'iad'].map(served))).map((answer) => answer.pid)
  await using load = await openLoad({ port: platform.edgePort('fra'), host: 'steady.localhost', perSecond: 100 })
  const daemon = await platform.daemonPid()
  process.kill(daemon, 'SIGKILL')
  assert.deepEqual(
    (await Promise.all(['fra', 'cdg', 'iad'].map(served))).map((answer) => answer.pid),
    pidsBefore,
  )
  await ask({ port: platform.edgePort('cdg'), host: 'steady.localhost', path: '/log?text=said-while-the-daemon-was-dead' })
  // cdg's machine ends with 7 while nobody watches; its policy (on-failure) is due when the daemon is back.
  await ask({
    port: platform.edgePort('cdg'),
    host: 'steady.localhost',
    path: '/exit?code=7',
    headers: { 'fly-force-region': 'cdg' },
    timeoutMs: 2_000,
  }).catch(() => undefined)
  await platform.up()
  const back = await served('fra')
  assert.equal(back.pid, pidsBefore[0])
  const list = await until('the machine in cdg has restarted', async () => {
    const found = await machines()
    const exited = found.find((machine) => machine.region === 'cdg')?.events.some((event) => event.type === 'exit')
    return exited && found.every((machine) => machine.state === 'started') && found
  })
  const cdg = list.find((machine) => machine.region === 'cdg')
  assert.equal(cdg?.events.find((event) => event.type === 'exit')?.request?.exit_event?.exit_code, 7)
  const logs = await platform.kante(['logs', '--no-tail', '-a', 'steady'])
  assert.match(logs.stdout, /said-while-the-daemon-was-dead/)
  const result = await load.stop()
  assert.equal(result.failed, 0, JSON.stringify(result))
  assert.ok(result.answered > 50)
})

test('kill -9 of an edge: the next connect is served by its successor', async () => {
  const pid = await edgePid(platform, 'fra')
  process.kill(pid, 'SIGKILL')
  const answer = await ask({ port: platform.edgePort('fra'), host: 'steady.localhost' })
  assert.equal(answer.status, 200)
  assert.notEqual(await edgePid(platform, 'fra'), pid)
})

test('kill -9 of an edge while the daemon is dead: its successor serves from the routes on disk', async () => {
  process.kill(await platform.daemonPid(), 'SIGKILL')
  const told = await platform.kante(['status'], { mayFail: true })
  assert.equal(told.code, 1)
  assert.match(told.stderr, /daemon .* does not run; machines and edges in .*fra.* go on/)
  process.kill(await edgePid(platform, 'fra'), 'SIGKILL')
  const answer = await ask({ port: platform.edgePort('fra'), host: 'steady.localhost' })
  assert.equal(answer.status, 200)
  await platform.up()
})

test('kill -9 of a keeper is a crash of its host: what it ran is ended, machines and edge come back', async () => {
  const before = await served('fra')
  const keeper = await parentOf(before.pid)
  process.kill(keeper, 'SIGKILL')
  const back = await until('fra answers from a new process', async () => {
    const answer = await served('fra')
    return answer.region === 'fra' && answer.pid !== before.pid && answer
  })
  assert.equal(back.machine, before.machine)
  assert.equal(await isAlive(before.pid), false)
})

test('down ends everything, also with the daemon dead; up brings the machines back', async () => {
  const { pid } = await served('fra')
  process.kill(await platform.daemonPid(), 'SIGKILL')
  await platform.down()
  assert.equal(await isAlive(pid), false)
  await assert.rejects(ask({ port: platform.edgePort('fra'), host: 'steady.localhost' }), /ECONNREFUSED/)
  await platform.up()
  const back = await until('fra answers again', async () => (await served('fra')).region === 'fra' && (await served('fra')))
  assert.notEqual(back.pid, pid)
})

async function parentOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}
const isAlive = (pid: number) =>
  readFile(`/proc/${pid}/stat`, 'latin1').then(
    (stat) => !/\) [ZX] /.test(stat),
    () => false,
  )
const edgePid = (of: TestPlatform, region: string) => until(`the edge of ${region} tells its pid`, async () => (await edgeStatus(of, region)).pid)
