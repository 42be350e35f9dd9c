import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { fault } from '../../../src/model/fault/fault.ts'
import type { DeployEvent, DeployStatus } from '../../../src/protocol/kante-api.ts'
import { openTestControl, type TestControl } from './open-test-control.ts'

const check = { type: 'http', port: 8080, path: '/', interval: '15s', timeout: '2s' }
const service = { internal_port: 8080, protocol: 'tcp', ports: [{ port: 80, handlers: ['http'] }], checks: [check] }

describe('deploys', () => {
  let at: TestControl
  beforeEach(async () => {
    at = await openTestControl()
    await at.ok('POST', '/v1/apps', { name: 'web' })
  })
  afterEach(() => at[Symbol.asyncDispose]())

  const begin = (env: Record<string, string>, more: object = {}) =>
    at.ok<DeployStatus>('POST', '/v1/kante/apps/web/deploys', {
      image: `example/web:${env['V'] ?? '1'}`,
      groups: { app: { env, services: [service] } },
      definition: { app: 'web' },
      primaryRegion: 'cdg',
      waitTimeoutMs: 2000,
      ...more,
    })
  const events = async (id: string, after = 0): Promise<DeployEvent[]> => {
    const { body } = await at.call('GET', `/v1/kante/apps/web/deploys/${id}/events?after=${after}`)
    return (body as string)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as DeployEvent)
  }
  /** Waits for the end by the stream of events, as the CLI does. */
  const finish = async (deploy: DeployStatus) => {
    const seen = await events(deploy.id)
    return { seen, status: await at.ok<DeployStatus>('GET', `/v1/kante/apps/web/deploys/${deploy.id}`) }
  }
  const deploy = async (env: Record<string, string>, more?: object) => finish(await begin(env, more))
  const machines = () =>
    at.ok<
      {
        id: string
        region: string
        state: string
        instance_id: string
        config: { image: string; env: Record<string, string>; metadata: Record<string, string> }
      }[]
    >('GET', '/v1/apps/web/machines')

  test('the first one makes two machines per group with services in the primary region, and marks them', async () => {
    const { seen, status } = await deploy({ V: '1' })
    assert.equal(status.status, 'complete')
    assert.deepEqual([seen[0]?.kind, seen.at(-1)?.kind], ['plan', 'done'])
    assert.deepEqual(
      seen.map(({ seq }) => seq),
      seen.map((_event, index) => index + 1),
    )
    const made = await machines()
    assert.deepEqual(
      made.map(({ region, state }) => [region, state]),
      [
        ['cdg', 'started'],
        ['cdg', 'started'],
      ],
    )
    const { metadata } = made[0]!.config
    assert.deepEqual([metadata['fly_platform_version'], metadata['fly_process_group'], metadata['fly_release_version']], ['v2', 'app', '1'])
    const app = await at.ok<{ status: string }>('GET', '/v1/apps/web')
    assert.equal(app.status, 'deployed')
    const shown = await at.ok<{ release: { version: number }; urls: object[]; primaryRegion: string }>('GET', '/v1/kante/apps/web/status')
    assert.deepEqual([shown.release.version, shown.urls.length, shown.primaryRegion], [1, 2, 'cdg'])
  })

  test('without ha one machine is made, and groups without services get one', async () => {
    await deploy({ V: '1' }, { ha: false, groups: { app: { services: [service] }, worker: {} } })
    const groups = (await machines()).map(({ config }) => config.metadata['fly_process_group'])
    assert.deepEqual(new Set(groups), new Set(['app', 'worker']))
  })

  test('later ones update machines where they are, one after the other, each drained first', async () => {
    await deploy({ V: '1' })
    const before = await machines()
    const order: string[] = []
    for (const host of at.hosts) host.onOrder = (call, id) => void order.push(`${call} ${id}`)
    const { status } = await deploy({ V: '2' })
    assert.equal(status.status, 'complete')
    const after = await machines()
    assert.deepEqual(
      after.map(({ id }) => id),
      before.map(({ id }) => id),
    )
    assert.deepEqual(new Set(after.map(({ config }) => config.env['V'])), new Set(['2']))
    const [first, second] = before
    assert.deepEqual(
      order,
      [first, second].flatMap((machine) => ['drain', 'update', 'start'].map((call) => `${call} ${machine!.id}`)),
    )
  })

  test('stopped machines are updated and stay stopped, and machines that no deploy made are left alone', async () => {
    await deploy({ V: '1' })
    const [first] = await machines()
    const other = await at.ok<{ id: string; instance_id: string }>('POST', '/v1/apps/web/machines', { config: { image: 'other' } })
    await at.ok('POST', `/v1/apps/web/machines/${first!.id}/stop`)
    await deploy({ V: '2' })
    const after = await machines()
    const found = after.find(({ id }) => id === first!.id)
    assert.deepEqual([found?.state, found?.config.env['V']], ['stopped', '2'])
    assert.equal(after.find(({ id }) => id === other.id)?.instance_id, other.instance_id)
  })

  test('a release that no running machine has tried says so, by group', async () => {
    await deploy({ V: '1' })
    const [first, second] = await machines()
    const untried = (seen: readonly DeployEvent[]) => seen.filter(({ message }) => message.startsWith('no machine of app runs')).length
    await at.ok('POST', `/v1/apps/web/machines/${first!.id}/stop`)
    assert.equal(untried((await deploy({ V: '2' })).seen), 0)
    await at.ok('POST', `/v1/apps/web/machines/${second!.id}/stop`)
    const { seen, status } = await deploy({ V: '3' })
    assert.deepEqual([untried(seen), status.status], [1, 'complete'])
  })

  test('machines of a group that is gone are destroyed at the end', async () => {
    await deploy({ V: '1' }, { groups: { app: { services: [service] }, worker: {} } })
    await deploy({ V: '2' })
    assert.deepEqual([...new Set((await machines()).map(({ config }) => config.metadata['fly_process_group']))], ['app'])
  })

  test('one that fails its checks is undone: every machine has its former config again, and the reason is shown', async () => {
    await deploy({ V: '1' })
    const before = await machines()
    for (const host of at.hosts) {
      host.checkResult = (config) => (config.env?.['V'] === '2' ? 'critical' : 'passing')
      host.log({
        id: '1-1',
        timestamp: 't',
        app: 'web' as never,
        machine: before[0]!.id as never,
        region: 'cdg' as never,
        provider: 'app',
        level: 'info',
        message: 'boom at line 3',
      })
    }
    const { seen, status } = await deploy({ V: '2' }, { waitTimeoutMs: 1000 })
    assert.equal(status.status, 'failed')
    assert.match(status.error ?? '', /check servicecheck-00-http-8080 \(critical: connect refused\)/)
    assert.ok(seen.some((event) => event.kind === 'log' && event.message === 'boom at line 3'))
    assert.equal(seen.at(-1)?.kind, 'failed')
    const after = await machines()
    assert.deepEqual(
      after.map(({ id, config, state }) => ({ id, config, state })),
      before.map(({ id, config, state }) => ({ id, config, state })),
    )
    const { releases } = await at.ok<{ releases: { version: number; status: string }[] }>('GET', '/v1/kante/apps/web/releases')
    assert.deepEqual(
      releases.map(({ version, status: at }) => [version, at]),
      [
        [2, 'failed'],
        [1, 'complete'],
      ],
    )
  })

  test('a program that ends is not waited for, and a first deploy that fails leaves no machine', async () => {
    for (const host of at.hosts) host.survives = () => false
    const startedAt = performance.now()
    const { status } = await deploy({ V: '1' }, { waitTimeoutMs: 30_000 })
    assert.equal(status.status, 'failed')
    assert.match(status.error ?? '', /ended with exit code 1/)
    assert.ok(performance.now() - startedAt < 5_000)
    assert.deepEqual(await machines(), [])
  })

  test('a host’s refusal fails the deploy in its words', async () => {
    await deploy({ V: '1' })
    for (const host of at.hosts) {
      host.onOrder = (call) => {
        if (call === 'update') throw fault('spawn_failed', { command: 'nodejs', reason: 'ENOENT' })
      }
    }
    const { status } = await deploy({ V: '2' })
    assert.match(status.error ?? '', /cannot start nodejs: ENOENT \(is the program installed/)
  })

  test('a second one is refused while one runs, naming it, and so is a scaling', async () => {
    const gate = Promise.withResolvers<void>()
    for (const host of at.hosts) host.onOrder = () => gate.promise
    const first = await begin({ V: '1' })
    try {
      const second = await at.call('POST', '/v1/kante/apps/web/deploys', { image: 'x', groups: { app: {} } })
      assert.deepEqual([second.status, second.body.status], [409, 'deploy_running'])
      assert.match(second.body.error, /a deploy of web is running: release v1/)
    } finally {
      gate.resolve()
    }
    assert.equal((await finish(first)).status.status, 'complete')
    assert.equal((await deploy({ V: '2' })).status.status, 'complete')
  })

  for (const step of ['create', 'drain', 'update', 'start'] as const) {
    test(`one whose control ends at ${step} goes on with the next control`, async () => {
      if (step !== 'create') await deploy({ V: '1' })
      const reached = Promise.withResolvers<void>()
      let hasBroken = false
      for (const host of at.hosts) {
        host.onOrder = async (call) => {
          if (call !== step || hasBroken) return
          hasBroken = true
          reached.resolve()
          throw fault('store_unavailable', { reason: 'control was killed here' })
        }
      }
      const second = await begin({ V: '2' })
      await reached.promise
      await at.reopen()
      const { status, seen } = await finish(second)
      assert.equal(status.status, 'complete', JSON.stringify(seen))
      assert.deepEqual(
        (await machines()).map(({ state, config }) => [state, config.env['V']]),
        [
          ['started', '2'],
          ['started', '2'],
        ],
      )
    })
  }

  test('bad requests are refused before anything happens', async () => {
    const post = (body: object) => at.call('POST', '/v1/kante/apps/web/deploys', body)
    assert.match((await post({ image: 'x', groups: {} })).body.error, /groups: at least one/)
    assert.match(
      (await post({ image: 'x', groups: { app: { services: [{ internal_port: 'a' }] } } })).body.error,
      /groups\.app\.services\[0\]\.internal_port/,
    )
    const mounts = await post({ image: 'x', groups: { app: { mounts: [{ volume: 'v', path: '/data' }] } } })
    assert.deepEqual([mounts.status, mounts.body.status], [400, 'unsupported_by_runtime'])
    assert.match(mounts.body.hint, /--runtime container/)
    const region = await post({ image: 'x', groups: { app: {} }, primaryRegion: 'syd' })
    assert.equal(region.body.status, 'no_host_in_region')
    const bundle = await post({ image: `bundle@sha256:${'0'.repeat(64)}`, groups: { app: {} } })
    assert.deepEqual([bundle.status, bundle.body.status], [404, 'bundle_not_found'])
    assert.deepEqual(await machines(), [])
  })

  describe('scaling', () => {
    const scale = (body: object) =>
      at.ok<{ created: { region: string }[]; destroyed: object[]; counts: Record<string, number> }>('POST', '/v1/kante/apps/web/scale', body)
    test('copies the group’s first machine to new ones, over the regions where the app is or those named', async () => {
      await deploy({ V: '1' })
      assert.deepEqual(
        (await scale({ count: 3 })).created.map(({ region }) => region),
        ['cdg'],
      )
      assert.deepEqual((await scale({ count: 2, regions: ['fra'] })).counts, { fra: 2 })
      const all = await machines()
      assert.equal(all.length, 5)
      assert.deepEqual(new Set(all.map(({ config }) => JSON.stringify(config))).size, 1)
      assert.equal((await scale({ count: 1 })).destroyed.length, 4)
      assert.deepEqual(
        (await machines()).map(({ region }) => region),
        ['cdg'],
      )
    })
    test('from none takes the config of the last release, and needs one', async () => {
      const never = await at.call('POST', '/v1/kante/apps/web/scale', { count: 1 })
      assert.deepEqual([never.status, never.body.status], [412, 'never_deployed'])
      await deploy({ V: '1' })
      const [first] = await machines()
      await scale({ count: 0 })
      await scale({ count: 1 })
      assert.deepEqual((await machines())[0]?.config, first?.config)
      const unknown = await at.call('POST', '/v1/kante/apps/web/scale', { count: 1, group: 'wroker' })
      assert.deepEqual([unknown.status, unknown.body.status], [400, 'unknown_group'])
    })
  })
})

describe('bundles', () => {
  test('are made of layers that were sent, with dependencies installed once per lockfile', async () => {
    await using at = await openTestControl()
    await at.ok('POST', '/v1/apps', { name: 'web' })
    const { create } = await import('tar')
    const { mkdtemp, readFile, writeFile } = await import('node:fs/promises')
    const { join } = await import('node:path')
    const project = await mkdtemp(join(at.dir, 'project-'))
    await writeFile(join(project, 'package.json'), '{}')
    await writeFile(join(project, 'index.js'), '1')
    const pack = async (name: string) => {
      await create({ gzip: true, cwd: project, file: join(at.dir, name), portable: true }, ['package.json', 'index.js'])
      const bytes = await readFile(join(at.dir, name))
      return { bytes, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` }
    }
    const send = async ({ bytes, digest }: { bytes: Buffer; digest: string }) => {
      const headers = { authorization: 'Bearer kante_test_token_of_personal' }
      const url = `http://127.0.0.1/v1/kante/layers/${digest}`
      assert.equal((await at.control.api(new Request(url, { method: 'HEAD', headers }))).status, 404)
      const sent = await at.control.api(new Request(url, { method: 'PUT', headers, body: new Uint8Array(bytes) }))
      assert.equal(sent.status, 201)
      assert.equal((await at.control.api(new Request(url, { method: 'HEAD', headers }))).status, 200)
    }
    const build = async (source: string, files = ['package.json']) => {
      const { body } = await at.call('POST', '/v1/kante/apps/web/bundles', {
        source,
        dependencies: { kind: 'npm', key: 'k', files },
        start: { kind: 'command', argv: ['node', 'index.js'] },
      })
      return (body as string)
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { type: string; message?: string; image?: string; error?: string })
    }
    const first = await pack('1.tgz')
    await send(first)
    const built = await build(first.digest)
    assert.deepEqual(
      built.map(({ type }) => type),
      ['progress', 'progress', 'progress', 'done'],
    )
    const again = await build(first.digest)
    assert.deepEqual(
      again.map(({ message, type }) => message ?? type),
      ['dependencies: unchanged, reused', 'done'],
    )
    assert.equal(again.at(-1)?.image, built.at(-1)?.image)
    await writeFile(join(project, 'index.js'), '2')
    const second = await pack('2.tgz')
    await send(second)
    assert.match((await build(second.digest))[0]?.message ?? '', /reused/)
    await writeFile(join(project, 'package.json'), '{"dependencies":{}}')
    const third = await pack('3.tgz')
    await send(third)
    assert.match((await build(third.digest))[0]?.message ?? '', /installing/, 'the client’s key alone is not trusted')
    assert.match((await build(third.digest, ['../etc/passwd']))[0]?.error ?? '', /not a path inside the project/)
    assert.match((await build(third.digest, ['yarn.lock']))[0]?.error ?? '', /yarn\.lock is not in the source layer/)
    const bundle = await at.control.layers.bundle(built.at(-1)!.image!.slice('bundle@'.length) as never)
    assert.deepEqual(
      bundle.layers.map(({ role }) => role),
      ['source', 'dependencies'],
    )
    const layer = await at.control.layers.layer(bundle.layers[0]!.digest)
    assert.deepEqual(Buffer.concat(await layer.toArray()), first.bytes)

    const wrong = await at.control.api(
      new Request(`http://127.0.0.1/v1/kante/layers/sha256:${'1'.repeat(64)}`, {
        method: 'PUT',
        headers: { authorization: 'Bearer kante_test_token_of_personal' },
        body: 'other bytes',
      }),
    )
    assert.equal(((await wrong.json()) as { status: string }).status, 'layer_mismatch')
  })
})
