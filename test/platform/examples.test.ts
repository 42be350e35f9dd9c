import { strict as assert } from 'node:assert'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { WebSocket } from 'ws'
import { repository } from '../testkit/command.ts'
import { ask } from '../testkit/http.ts'
import { openTestPlatform, type TestPlatform } from '../testkit/platform.ts'
import { until } from '../testkit/until.ts'

/** One platform for all examples; each is deployed as its README says. */
let platform: TestPlatform
let folder: string
const edge = () => platform.edgePort('fra')
const timeout = 180_000

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kante-examples-'))
  platform = await openTestPlatform({ regions: ['fra'] })
})
after(async () => {
  await platform[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** What a person does in a copy of the example. */
async function launch(example: string, ...flags: readonly string[]): Promise<string> {
  const cwd = join(folder, example)
  await cp(join(repository, 'examples', example), cwd, { recursive: true, filter: (path) => !path.includes('node_modules') })
  await platform.kante(['launch', '--copy-config', '--yes', ...flags], { cwd, timeoutMs: timeout })
  return cwd
}
const get = async <T>(app: string, path: string) => JSON.parse((await ask({ port: edge(), host: `${app}.localhost`, path })).body) as T
const post = async <T>(app: string, path: string, body = '') =>
  JSON.parse((await ask({ port: edge(), host: `${app}.localhost`, path, method: 'POST', body })).body) as T

test('hono answers from the machine in its region', { timeout }, async () => {
  await launch('hono', '--ha=false')
  assert.equal((await ask({ port: edge(), host: 'hono-app.localhost', path: '/hello/you' })).body, 'Hello you, from fra')
})

test('what it was deployed with is shown, saved in place with its comments, and saved to new files', { timeout }, async () => {
  const cwd = join(folder, 'hono')
  const path = join(cwd, 'fly.toml')
  const deployed = await readFile(path, 'utf8')
  const shown = JSON.parse((await platform.kante(['config', 'show'], { cwd })).stdout) as unknown
  assert.deepEqual(shown, JSON.parse((await platform.kante(['config', 'show', '--local'], { cwd })).stdout))
  await writeFile(path, deployed.replace("auto_stop_machines = 'suspend'", "auto_stop_machines = 'off' # mine") + '\n[env]\n  A = "1"\n')
  assert.equal((await platform.kante(['config', 'save'], { cwd, mayFail: true })).code, 1, 'nobody said yes')
  await platform.kante(['config', 'save', '-y'], { cwd })
  assert.equal(await readFile(path, 'utf8'), deployed.replace("'suspend'", "'suspend' # mine") + '\n')
  for (const file of ['saved.toml', 'saved.json', 'saved.yaml']) {
    await platform.kante(['config', 'save', '-a', 'hono-app', '-c', file], { cwd })
    await platform.kante(['config', 'validate', '--strict', '-c', file], { cwd })
    assert.deepEqual(JSON.parse((await platform.kante(['config', 'show', '--local', '-c', file], { cwd })).stdout), shown, file)
  }
  await platform.kante(['secrets', 'set', '--stage', 'TOKEN=hidden'], { cwd })
  const { stdout } = await platform.kante(['config', 'env'], { cwd })
  assert.match(stdout, /Secrets\nNAME +DIGEST\nTOKEN +\w+/)
  assert.doesNotMatch(stdout, /hidden/)
})

test('websocket-chat tells everybody in a room, and who comes later, what was said', { timeout }, async () => {
  await launch('websocket-chat', '--ha=false')
  await using anna = await enter('lobby')
  await using ben = await enter('lobby')
  await using elsewhere = await enter('other')
  anna.socket.send('hello')
  await until('both have heard it', () => [anna, ben].every((person) => person.heard.some((line) => line.text === 'hello')))
  await using late = await enter('lobby')
  await until('who comes later has, too', () => late.heard.some((line) => line.text === 'hello') && late.heard.some((line) => line.people === 3))
  assert.equal(
    elsewhere.heard.some((line) => line.text !== undefined),
    false,
  )
})

test('long-job draws for as long as it is told, in one request and as a job', { timeout }, async () => {
  await launch('long-job', '--ha=false')
  const job = await post<{ id: string; state: string }>('long-job', '/jobs?seconds=2')
  assert.equal(job.state, 'running')
  const [held, done] = await Promise.all([
    ask({ port: edge(), host: 'long-job.localhost', path: '/image.png?seconds=2' }),
    until('the job is done', async () => {
      const now = await get<{ state: string; image?: string; ranForSeconds: number }>('long-job', `/jobs/${job.id}`)
      return now.state === 'done' && now
    }),
  ])
  assert.deepEqual([held.status, held.headers['content-type']], [200, 'image/png'])
  assert.ok(held.ms >= 2000, `${held.ms} ms`)
  assert.ok(done.ranForSeconds >= 2, `${done.ranForSeconds} s`)
  const picture = await ask({ port: edge(), host: 'long-job.localhost', path: done.image ?? '' })
  assert.match(picture.body, /^.PNG/)
})

test('cron runs its job when the machine is made, and waits for the next hour', { timeout }, async () => {
  const cwd = await launch('cron', '--ha=false')
  const [page] = await platform.json<readonly { config: { image: string } }[]>(['machine', 'list'], { cwd })
  const job = ['--schedule', 'hourly', '--name', 'report', '--region', 'fra', '--detach', '--', 'node', 'job.js']
  await platform.kante(['machine', 'run', page?.config.image ?? '', ...job], { cwd })
  const report = await until('its run is over', async () => {
    const machines = await platform.json<readonly { name: string; state: string; config: { schedule?: string } }[]>(['machine', 'list'], { cwd })
    return machines.find((machine) => machine.name === 'report' && machine.state === 'stopped')
  })
  assert.equal(report.config.schedule, 'hourly')
  assert.match((await platform.kante(['logs', '--no-tail'], { cwd })).stdout, /Report of \d{4}-.*primes in the next hundred hours/)
})

test('web-worker: a task that web takes is done by worker', { timeout }, async () => {
  const cwd = await launch('web-worker', '--ha=false', '-e', `EDGE=127.0.0.1:${edge()}`)
  const machines = await platform.json<readonly { id: string; config: { env: { FLY_PROCESS_GROUP: string } } }[]>(['machine', 'list'], { cwd })
  const idOf = (group: string) => machines.filter((machine) => machine.config.env.FLY_PROCESS_GROUP === group).map((machine) => machine.id)
  assert.equal(idOf('web').length, 1)
  const { id } = await post<{ id: number }>('web-worker', '/tasks', 'what is its hash?')
  const result = await until('the worker has done it', async () => {
    const answer = await ask({ port: edge(), host: 'web-worker.localhost', path: `/tasks/${id}` })
    return answer.status === 200 && (JSON.parse(answer.body) as { sha256: string; by: string })
  })
  assert.equal(result.sha256, createHash('sha256').update('what is its hash?').digest('hex'))
  assert.ok(idOf('worker').includes(result.by), `${result.by} is no worker`)
})

const pip = spawnSync('python3', ['-m', 'pip', '--version']).status === 0
test(
  'fastapi is installed by pip and listens where the machine is',
  { timeout, skip: pip ? false : 'no python3 with pip on this computer' },
  async () => {
    const cwd = await launch('fastapi')
    const ids = (await platform.json<readonly { id: string }[]>(['machine', 'list'], { cwd })).map((machine) => machine.id)
    assert.equal(ids.length, 2)
    // Both listen on 8080 of this computer: that works only where each has it on an address of its own.
    const answered = new Set<string>()
    await until('both machines have answered', async () => {
      const answer = await get<{ hello: string; region: string; machine: string }>('fastapi-app', '/')
      assert.deepEqual([answer.hello, answer.region], ['from FastAPI', 'fra'])
      return answered.add(answer.machine).size === 2
    })
    assert.deepEqual([...answered].toSorted(), ids.toSorted())
  },
)

interface Person extends AsyncDisposable {
  readonly socket: WebSocket
  readonly heard: { readonly text?: string; readonly people?: number }[]
}
async function enter(room: string): Promise<Person> {
  const socket = new WebSocket(`ws://127.0.0.1:${edge()}/${room}`, { headers: { host: 'websocket-chat.localhost' } })
  const heard: { text?: string; people?: number }[] = []
  socket.on('message', (data: Buffer) => heard.push(JSON.parse(data.toString()) as (typeof heard)[number]))
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await new Promise<void>((resolve, reject) => socket.once('open', () => resolve()).once('error', reject))
  return {
    socket,
    heard,
    [Symbol.asyncDispose]: () => {
      socket.close()
      return closed
    },
  }
}
