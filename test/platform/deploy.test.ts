import { strict as assert } from 'node:assert'
import { after, before, test } from 'node:test'
import { plainApp, plainServerOfVersion, plainToml, type TestApp } from '../testkit/app.ts'
import { ask } from '../testkit/http.ts'
import { openLoad } from '../testkit/load.ts'
import { openTestPlatform, type TestPlatform } from '../testkit/platform.ts'

interface Machine {
  readonly id: string
  readonly state: string
  readonly instance_id: string
  readonly config: { readonly image: string }
}
let platform: TestPlatform
let app: TestApp
const version = async () => (JSON.parse((await ask({ port: platform.edgePort('fra'), host: 'busy.localhost' })).body) as { version: number }).version
const machines = () => platform.json<readonly Machine[]>(['machine', 'list', '-a', 'busy'])

before(async () => {
  platform = await openTestPlatform({ regions: ['fra', 'cdg'] })
  app = await plainApp('busy')
  await platform.kante(['apps', 'create', 'busy'])
  await platform.kante(['deploy'], { cwd: app.dir })
})
after(async () => {
  await app[Symbol.asyncDispose]()
  await platform[Symbol.asyncDispose]()
})

test('a first deploy makes two machines, both answer', async () => {
  assert.equal((await machines()).length, 2)
  assert.equal(await version(), 1)
})

test('under 200 requests a second a rolling deploy of a one-line change fails none', async () => {
  await app.write('server.js', plainServerOfVersion(2))
  await using load = await openLoad({ port: platform.edgePort('fra'), host: 'busy.localhost', perSecond: 200 })
  await platform.kante(['deploy'], { cwd: app.dir })
  const result = await load.stop()
  assert.equal(result.failed, 0, JSON.stringify(result))
  assert.equal(await version(), 2)
})

for (const strategy of ['rolling', 'canary', 'bluegreen', 'immediate'])
  test(`under 200 requests a second two ${strategy} deploys fail none`, async () => {
    await using load = await openLoad({ port: platform.edgePort('fra'), host: 'busy.localhost', perSecond: 200 })
    for (let round = 0; round < 2; round++) {
      const next = (await version()) + 1
      await app.write('server.js', plainServerOfVersion(next))
      await platform.kante(['deploy', '--strategy', strategy], { cwd: app.dir })
      assert.equal(await version(), next)
    }
    const result = await load.stop()
    assert.equal(result.failed, 0, JSON.stringify(result))
  })

test('a release command runs in the new release, its output is shown, and one that fails changes nothing', async () => {
  const live = await version()
  const toml = plainToml('busy', { extra: '[deploy]\n  release_command = "node migrate.js"' })
  await app.write('fly.toml', toml)
  await app.write('server.js', plainServerOfVersion(live + 1))
  await app.write('migrate.js', "console.log('migrating as', process.env.RELEASE_COMMAND, process.env.PRIMARY_REGION)")
  assert.match((await platform.kante(['deploy'], { cwd: app.dir })).stderr, /migrating as 1 fra/)
  assert.equal(await version(), live + 1)
  const before = await machines()
  await app.write('migrate.js', "console.error('no such table'); process.exit(4)")
  const failed = await platform.kante(['deploy'], { cwd: app.dir, mayFail: true })
  assert.notEqual(failed.code, 0)
  assert.match(failed.stderr, /no such table[^]*release command ended with exit code 4/)
  assert.deepEqual(await machines(), before)
  await app.write('fly.toml', plainToml('busy'))
})

test('a slow request is answered by the machine that it began at, though a deploy takes its machine away', async () => {
  const slow = ask({ port: platform.edgePort('fra'), host: 'busy.localhost', path: '/slow?ms=2500' })
  await app.write('server.js', plainServerOfVersion((await version()) + 1))
  await platform.kante(['deploy', '--strategy', 'immediate'], { cwd: app.dir })
  assert.deepEqual([(await slow).status, (await slow).body], [200, 'slow'])
})

test('releases rollback brings an earlier release back', async () => {
  const live = await version()
  await platform.kante(['releases', 'rollback', '-a', 'busy'])
  assert.ok((await version()) < live)
  await platform.kante(['releases', 'rollback', 'v1', '-a', 'busy'])
  assert.equal(await version(), 1)
})

test('with a single machine requests are held while it is replaced', async () => {
  await platform.kante(['scale', 'count', '1', '-a', 'busy', '-y'])
  await app.write('server.js', plainServerOfVersion(103))
  await using load = await openLoad({ port: platform.edgePort('cdg'), host: 'busy.localhost', perSecond: 100 })
  await platform.kante(['deploy'], { cwd: app.dir })
  const result = await load.stop()
  assert.equal(result.failed, 0, JSON.stringify(result))
  assert.equal(await version(), 103)
})

test('a release whose program ends at once fails, says why, exits non-zero and leaves the former one serving', async () => {
  const before = await machines()
  await app.write('server.js', "console.error('no database here'); process.exit(3)")
  const result = await platform.kante(['deploy'], { cwd: app.dir, mayFail: true })
  assert.notEqual(result.code, 0)
  assert.match(result.stdout + result.stderr, /no database here/)
  assert.equal(await version(), 103)
  assert.deepEqual(
    (await machines()).map((machine) => machine.config.image),
    before.map((machine) => machine.config.image),
  )
})

test('a second deploy meanwhile is refused and says who holds the first', async () => {
  await app.write('server.js', plainServerOfVersion(104))
  const [first, second] = await Promise.all([
    platform.kante(['deploy'], { cwd: app.dir, mayFail: true }),
    platform.kante(['deploy'], { cwd: app.dir, mayFail: true }),
  ])
  const codes = [first.code, second.code].toSorted((a, b) => a - b)
  assert.equal(codes[0], 0, first.stderr + second.stderr)
  if (codes[1] !== 0) assert.match(first.stderr + second.stderr, /a deploy of busy is running/)
  assert.equal(await version(), 104)
})
