import { strict as assert } from 'node:assert'
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { plainApp } from '../testkit/app.ts'
import { edgeStatus } from '../testkit/edge-status.ts'
import { ask } from '../testkit/http.ts'
import { openTestPlatform } from '../testkit/platform.ts'
import { until } from '../testkit/until.ts'

test('a second up keeps the first’s flags, names what runs, and starts nothing', async () => {
  await using platform = await openTestPlatform({ regions: ['fra', 'hel'] })
  const pid = await platform.daemonPid()
  const again = await platform.kante(['up', '--detach'])
  assert.match(again.stdout + again.stderr, /runs already|already runs|already running/i)
  assert.equal(await platform.daemonPid(), pid)
  const status = await platform.json<{ regions: readonly { code: string; edge: string }[] }>(['status'])
  assert.deepEqual(
    status.regions.map((region) => region.code),
    ['fra', 'hel'],
  )
  assert.deepEqual(new Set(status.regions.map((region) => region.edge)), new Set(['ok']))
})

test('the token and the master key are for their owner only, and the API wants the token', async () => {
  await using platform = await openTestPlatform({ regions: ['fra'] })
  for (const file of ['token', 'master.key']) assert.equal((await stat(join(platform.home, file))).mode & 0o777, 0o600, file)
  const refused = await fetch(`http://127.0.0.1:${platform.apiPort}/v1/apps?org_slug=personal`)
  assert.equal(refused.status, 401)
  const whoami = await platform.kante(['auth', 'whoami'])
  assert.match(whoami.stdout, /operator/)
})

test('a port that another program holds is named with the flag that changes it, and nothing is left running', async () => {
  await using platform = await openTestPlatform({ regions: ['fra'], start: false })
  await using blocker = createServer()
  await new Promise<void>((resolve) => blocker.listen({ host: '127.0.0.1', port: platform.apiPort }, resolve))
  const refused = await platform.kante(
    ['up', '--detach', '--regions', 'fra', '--api-port', String(platform.apiPort), '--http-port', String(platform.edgePort('fra'))],
    { mayFail: true },
  )
  assert.notEqual(refused.code, 0)
  assert.match(refused.stderr, new RegExp(`${platform.apiPort}.*in use`))
  assert.match(refused.stderr, /--api-port/)
  await assert.rejects(edgeStatus(platform, 'fra'))
})

test('a folder with somebody else’s files is not taken for data, and purge leaves it alone', async () => {
  const foreign = await mkdtemp(join(tmpdir(), 'kante-foreign-'))
  try {
    await mkdir(join(foreign, 'photos'))
    await writeFile(join(foreign, 'photos', 'one.jpg'), 'a picture')
    await using platform = await openTestPlatform({ regions: ['fra'], start: false, flags: ['--data', foreign] })
    await assert.rejects(platform.up(), /not a data folder of Kante/)
    await platform.kante(['down', '--purge', '--yes'], { mayFail: true })
    assert.equal(await readFile(join(foreign, 'photos', 'one.jpg'), 'utf8'), 'a picture')
  } finally {
    await rm(foreign, { recursive: true, force: true })
  }
})

test('purge wants --yes without a terminal, and then leaves no data and no process', async () => {
  await using platform = await openTestPlatform({ regions: ['fra'] })
  const asked = await platform.kante(['down', '--purge'], { mayFail: true })
  assert.notEqual(asked.code, 0)
  assert.match(asked.stderr, /--yes/)
  await platform.kante(['down', '--purge', '--yes'])
  await assert.rejects(stat(join(platform.home, 'data')), /ENOENT/)
  assert.deepEqual(await processesOf(platform.home), [])
})

test('a home whose path is too long for a socket works all the same', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'kante-'))
  try {
    const home = join(parent, 'a-folder-with-a-long-name-'.repeat(6))
    await mkdir(home, { recursive: true })
    await using platform = await openTestPlatform({ regions: ['fra'], home })
    assert.equal((await platform.json<{ regions: readonly unknown[] }>(['status'])).regions.length, 1)
  } finally {
    await rm(parent, { recursive: true, force: true })
  }
})

test('two platforms on one computer run the same app on the same port, and no region opens another’s folder', async () => {
  await using first = await openTestPlatform({ regions: ['fra', 'cdg'] })
  await using second = await openTestPlatform({ regions: ['fra'] })
  await using app = await plainApp('twin')
  const machines = await Promise.all(
    [first, second].map(async (platform) => {
      await platform.kante(['apps', 'create', 'twin'])
      await platform.kante(['deploy', '--ha=false'], { cwd: app.dir })
      const answer = await ask({ port: platform.edgePort('fra'), host: 'twin.localhost' })
      return JSON.parse(answer.body) as { readonly pid: number; readonly machine: string }
    }),
  )
  assert.notEqual(machines[0]?.pid, machines[1]?.pid)
  await first.kante(['scale', 'count', '2', '--region', 'fra,cdg', '--max-per-region', '1', '-a', 'twin', '-y'])
  // Keeper, edge and machines of a region are processes of their own: what they hold open is in their region's folder.
  const data = join(first.home, 'data', 'hosts')
  for (const pid of await processesOf(first.home)) {
    const regionsOpen = new Set(
      (await openFiles(pid)).filter((path) => path.startsWith(data)).map((path) => path.slice(data.length + 1).split('/')[0]),
    )
    if (pid !== (await first.daemonPid())) assert.ok(regionsOpen.size <= 1, `process ${pid} has files of ${[...regionsOpen].join(' and ')} open`)
  }
})

test('a machine inherits nothing of the daemon’s environment', async () => {
  await using platform = await openTestPlatform({ regions: ['fra'], start: false })
  process.env['SECRET_OF_THE_DAEMON'] = 'shh'
  try {
    await platform.up()
  } finally {
    delete process.env['SECRET_OF_THE_DAEMON']
  }
  await using app = await plainApp('bare', { extra: '[env]\n  OWN = "mine"' })
  await platform.kante(['apps', 'create', 'bare'])
  await platform.kante(['deploy', '--ha=false'], { cwd: app.dir })
  const found = JSON.parse((await ask({ port: platform.edgePort('fra'), host: 'bare.localhost', path: '/env' })).body) as Record<string, string>
  assert.equal(found['OWN'], 'mine')
  assert.equal(found['FLY_REGION'], 'fra')
  assert.deepEqual(
    Object.keys(found).filter(
      (name) =>
        !/^(FLY_|OWN$|PATH$|HOME$|HOST$|PORT$|NODE_OPTIONS$|PYTHONPATH$|BUN_OPTIONS$|DENO_SERVE_ADDRESS$|PRIMARY_REGION$|KANTE_(BIND|RUN|PORT|ADDRESS)|PWD$|TMPDIR$)/.test(
          name,
        ),
    ),
    [],
  )
})

test('a machine that floods its output is cut with a line that says so, its neighbour is not slowed', async () => {
  await using platform = await openTestPlatform({ regions: ['fra'] })
  await using loud = await plainApp('loud')
  await loud.write(
    'server.js',
    `require('node:http').createServer((q, r) => r.end('x')).listen(8080); const line = 'x'.repeat(200) + '\\n'; const go = () => { while (process.stdout.write(line)); process.stdout.once('drain', go) }; go()`,
  )
  await using quiet = await plainApp('quiet')
  for (const app of [quiet, loud]) {
    await platform.kante(['apps', 'create', app.name])
    await platform.kante(['deploy', '--ha=false'], { cwd: app.dir })
  }
  const times: number[] = []
  for (let i = 0; i < 100; i++) times.push((await ask({ port: platform.edgePort('fra'), host: 'quiet.localhost' })).ms)
  const sorted = times.toSorted((a, b) => a - b)
  assert.ok((sorted[90] ?? Infinity) < 250, `p90 of the neighbour: ${sorted[90]} ms`)
  const [machine] = await platform.json<readonly { id: string }[]>(['machine', 'list', '-a', 'loud'])
  const file = join(platform.home, 'data', 'hosts', 'fra', 'logs', 'loud', `${machine?.id}.ndjson`)
  const cut = await until(
    'the cut is in the log',
    async () => /\d+ lines dropped/.test((await readFile(`${file}.1`, 'utf8').catch(() => '')) + (await readFile(file, 'utf8'))),
    30_000,
    250,
  )
  assert.ok(cut)
})

/** Pids of the processes whose command line or open files name the home. */
async function processesOf(home: string): Promise<readonly number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (line.includes(home)) found.push(pid)
  }
  return found
}
async function openFiles(pid: number): Promise<readonly string[]> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => [])
  return Promise.all(descriptors.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')))
}
