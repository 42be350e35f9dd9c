import { strict as assert } from 'node:assert'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { repository } from '../testkit/command.ts'
import { ask } from '../testkit/http.ts'
import { openTestPlatform, type TestPlatform } from '../testkit/platform.ts'
import { until } from '../testkit/until.ts'

let platform: TestPlatform
let project: string
const inProject = {
  get cwd() {
    return project
  },
}

before(async () => {
  platform = await openTestPlatform()
  project = await mkdtemp(join(tmpdir(), 'kante-tutorial-'))
  await cp(join(repository, 'examples', 'hello-edge'), project, { recursive: true, filter: (path) => !path.includes('node_modules') })
})
after(async () => {
  await platform[Symbol.asyncDispose]()
  await rm(project, { recursive: true, force: true })
})

test('the tutorial’s project launches and deploys unchanged', { timeout: 180_000 }, async () => {
  const toml = await readFile(join(project, 'fly.toml'), 'utf8')
  await platform.kante(['launch', '--no-deploy', '--copy-config', '--yes'], inProject)
  assert.equal(await readFile(join(project, 'fly.toml'), 'utf8'), toml)
  await platform.kante(['deploy'], { ...inProject, timeoutMs: 150_000 })
  for (const region of platform.regions) {
    const answer = await ask({ port: platform.edgePort(region), host: 'my-edge-app.localhost' })
    assert.deepEqual([answer.status, answer.body], [200, 'Hello from Fly Edge!'])
    assert.equal((await ask({ port: platform.edgePort(region), host: 'my-edge-app.localhost', path: '/health' })).body, 'ok')
  }
})

/** The tutorial's lines after the deploy, as it types them; `fly` is an alias of `kante`. Each is one command, in this order. */
const lines = `
fly scale count 4
fly scale count 2 --region fra
fly regions add fra
fly regions add cdg
fly autoscale balanced min=1 max=10
fly scale vm shared-cpu-2x
fly scale memory 1024
fly logs --no-tail
`

test('every further line of the tutorial works as it is typed, and does what it says', { timeout: 120_000 }, async () => {
  interface Machine {
    readonly id: string
    readonly state: string
    readonly region: string
    readonly config: { readonly guest?: { readonly cpus?: number; readonly memory_mb?: number } }
  }
  const machines = () => platform.json<readonly Machine[]>(['machine', 'list'], inProject)
  const count = async (region?: string) => (await machines()).filter((machine) => region === undefined || machine.region === region).length
  const after: Readonly<Record<string, () => Promise<void>>> = {
    'scale count 4': async () => assert.equal(await count(), 4),
    'scale count 2 --region fra': async () => assert.equal(await count('fra'), 2),
    'regions add cdg': async () => {
      assert.deepEqual(await until('both regions of the pool have machines', async () => (await count('cdg')) > 0 && [await count()]), [2])
    },
    'autoscale balanced min=1 max=10': async () => {
      const shown = await platform.kante(['autoscale', 'show'], inProject)
      assert.match(shown.stdout, /balanced/i)
    },
    'scale vm shared-cpu-2x': async () => assert.deepEqual(new Set((await machines()).map((machine) => machine.config.guest?.cpus)), new Set([2])),
    'scale memory 1024': async () => assert.deepEqual(new Set((await machines()).map((machine) => machine.config.guest?.memory_mb)), new Set([1024])),
  }
  for (const line of lines.trim().split('\n')) {
    const args = line.replace(/^fly /, '').split(' ')
    await platform.kante(args, { ...inProject, timeoutMs: 60_000 })
    await after[args.join(' ')]?.()
    const answer = await ask({ port: platform.edgePort('fra'), host: 'my-edge-app.localhost' })
    assert.equal(answer.body, 'Hello from Fly Edge!', line)
  }
  await platform.kante(['autoscale', 'disable'], inProject)
})

test('logs show the line the server printed, checks pass, status names every machine', async () => {
  const logs = await platform.kante(['logs', '--no-tail'], inProject)
  assert.match(logs.stdout, /Server listening on port 8080/)
  const checks = await until('the checks have a result', async () => {
    const found = await platform.kante(['checks', 'list'], inProject)
    return /passing/.test(found.stdout) && found
  })
  assert.doesNotMatch(checks.stdout, /critical/)
  const status = await platform.kante(['status'], inProject)
  for (const machine of await platform.json<readonly { id: string }[]>(['machine', 'list'], inProject))
    assert.match(status.stdout, new RegExp(machine.id))
})

test('a one-line change is live within three seconds', async () => {
  const source = await readFile(join(project, 'index.js'), 'utf8')
  const { writeFile } = await import('node:fs/promises')
  await writeFile(join(project, 'index.js'), source.replace('Hello from Fly Edge!', 'Hello again!'))
  const start = performance.now()
  await platform.kante(['deploy', '--ha=false'], inProject)
  const answer = await ask({ port: platform.edgePort('fra'), host: 'my-edge-app.localhost' })
  assert.equal(answer.body, 'Hello again!')
  // A bound for a loaded CI machine; docs/benchmarks.md has the figure of a quiet one.
  assert.ok(performance.now() - start < 10_000, `${performance.now() - start} ms`)
})
