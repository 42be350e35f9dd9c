import { strict as assert } from 'node:assert'
import { after, before, test } from 'node:test'
import { plainApp, type TestApp } from '../testkit/app.ts'
import { ask } from '../testkit/http.ts'
import { openLoad } from '../testkit/load.ts'
import { openTestPlatform, type TestPlatform } from '../testkit/platform.ts'
import { until } from '../testkit/until.ts'

interface Machine {
  readonly id: string
  readonly region: string
  readonly state: string
  readonly config: { readonly guest?: { readonly cpus: number; readonly memory_mb: number } }
}
let platform: TestPlatform
let app: TestApp
const kante = (line: string) => platform.kante([...line.split(' '), '-a', 'elastic'])
const machines = () => platform.json<readonly Machine[]>(['machine', 'list', '-a', 'elastic'])
const regionsNow = async () =>
  (await machines())
    .map(({ region }) => region)
    .toSorted()
    .join()

before(async () => {
  platform = await openTestPlatform({ regions: ['fra', 'cdg'], flags: ['--idle-timeout', '1', '--scale-in-after', '4'] })
  app = await plainApp('elastic', { autostop: 'stop', soft: 3 })
  await platform.kante(['apps', 'create', 'elastic'])
  await platform.kante(['deploy', '--ha=false'], { cwd: app.dir })
})
after(async () => {
  await app[Symbol.asyncDispose]()
  await platform[Symbol.asyncDispose]()
})

test('under load, machines move between regions and change their size without a failed request', async () => {
  const load = await openLoad({ port: platform.edgePort('fra'), host: 'elastic.localhost', perSecond: 100 })
  await kante('scale count 2')
  await kante('regions add fra')
  await kante('regions add cdg')
  assert.equal(await regionsNow(), 'cdg,fra')
  await kante('scale vm shared-cpu-2x')
  await kante('scale memory 1024')
  await kante('regions set cdg')
  assert.equal(await regionsNow(), 'cdg,cdg')
  await kante('regions set fra,cdg')
  await kante('scale count 1')
  const { failed, failures, answered } = await load.stop()
  assert.deepEqual([failed, failures], [0, []])
  assert.ok(answered > 100)
  const [only] = await machines()
  assert.deepEqual([only?.config.guest?.cpus, only?.config.guest?.memory_mb], [2, 1024])
})

test('load at cdg’s edge adds machines in cdg within ten seconds; when it ends they go again', async (t) => {
  await kante('regions set fra')
  await kante('regions add cdg')
  assert.equal(await regionsNow(), 'fra')
  await kante('autoscale balanced min=1 max=4')
  const refused = await platform.kante(['scale', 'count', '3', '-a', 'elastic'], { mayFail: true })
  assert.notEqual(refused.code, 0)
  assert.match(refused.stderr, /autoscaled between 1 and 4 machines[^]*kante autoscale/)

  const stopping = new AbortController()
  const statuses: number[] = []
  const client = async () => {
    while (!stopping.signal.aborted)
      statuses.push((await ask({ port: platform.edgePort('cdg'), host: 'elastic.localhost', path: '/slow?ms=300' })).status)
  }
  const begunAt = performance.now()
  const clients = Array.from({ length: 8 }, client)
  await until(
    'a machine serves in cdg',
    async () => (await machines()).some(({ region, state }) => region === 'cdg' && state === 'started'),
    10_000,
    100,
  )
  t.diagnostic(`the first machine in cdg serves after ${Math.round(performance.now() - begunAt)} ms`)
  await until('there are enough', async () => (await regionsNow()) === 'cdg,cdg,fra' || (await regionsNow()) === 'cdg,cdg,cdg,fra', 15_000, 100)
  stopping.abort()
  await Promise.all(clients)
  assert.deepEqual(new Set(statuses), new Set([200]))
  await until('only the first one is left', async () => (await regionsNow()) === 'fra', 40_000, 200)
  await kante('autoscale disable')
  await kante('scale count 2')
})
