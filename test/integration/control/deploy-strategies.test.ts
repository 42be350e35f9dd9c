import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { deploysOf, essence, service } from './deploy-fixture.ts'
import { openTestControl, type TestControl } from './open-test-control.ts'

describe('strategies', () => {
  let at: TestControl
  let web: ReturnType<typeof deploysOf>
  beforeEach(async () => {
    at = await openTestControl()
    web = deploysOf(at)
    await at.ok('POST', '/v1/apps', { name: 'web' })
  })
  afterEach(() => at[Symbol.asyncDispose]())

  const record = () => {
    const calls: string[] = []
    for (const host of at.hosts) host.onOrder = (call, id) => void calls.push(`${call} ${id}`)
    return calls
  }
  const scale = (count: number, regions?: readonly string[]) => at.ok('POST', '/v1/kante/apps/web/scale', { count, ...(regions ? { regions } : {}) })

  test('bluegreen makes a cordoned machine for each, lets requests change over, and only then takes the old ones away', async () => {
    await web.deploy('1')
    const blues = (await web.machines()).map(({ id }) => id)
    const calls = record()
    assert.equal((await web.deploy('2', { strategy: 'bluegreen' })).status.status, 'complete')
    const greens = await web.machines()
    assert.equal(greens.length, 2)
    assert.deepEqual([...new Set(greens.map(({ config }) => config.env['V']))], ['2'])
    assert.ok(greens.every(({ id, state, region }) => !blues.includes(id) && state === 'started' && region === 'cdg'))
    const at_ = (pattern: RegExp) => calls.flatMap((call, index) => (pattern.test(call) ? [index] : []))
    assert.ok(Math.max(...at_(/^create/)) < Math.min(...at_(/^uncordon/)))
    assert.ok(Math.max(...at_(/^uncordon/)) < Math.min(...at_(/^cordon/)))
    for (const blue of blues) {
      const order = ['cordon', 'drain', 'destroy'].map((call) => calls.indexOf(`${call} ${blue}`))
      assert.deepEqual(
        order,
        order.toSorted((a, b) => a - b),
        calls.join(),
      )
    }
  })

  test('bluegreen leaves stopped machines stopped, but one of a group with checks has to show itself', async () => {
    await web.deploy('1')
    for (const { id } of await web.machines()) await at.ok('POST', `/v1/apps/web/machines/${id}/stop`)
    assert.equal((await web.deploy('2', { strategy: 'bluegreen' })).status.status, 'complete')
    assert.deepEqual((await web.machines()).map(({ state }) => state).toSorted(), ['created', 'started'])
  })

  test('bluegreen without any check is refused with what to do', async () => {
    const groups = { app: { env: {}, services: [{ ...service, checks: [] }] } }
    await web.deploy('1', { groups })
    const refused = await at.call('POST', '/v1/kante/apps/web/deploys', { image: 'x', groups, strategy: 'bluegreen' })
    assert.deepEqual([refused.status, refused.body.status], [412, 'strategy_needs_checks'])
  })

  for (const strategy of ['rolling', 'canary', 'bluegreen'] as const)
    test(`a ${strategy} deploy that fails leaves every machine as it was`, async () => {
      await web.deploy('1', { groups: { app: { env: { V: '1' }, services: [service], guest: { cpus: 2, memory_mb: 512 } }, worker: {} } })
      await scale(3, ['fra'])
      const before = essence(await web.machines())
      for (const host of at.hosts) host.checkResult = (config) => (config.env?.['V'] === '2' ? 'critical' : 'passing')
      const { status, events } = await web.deploy('2', { strategy, waitTimeoutMs: 1000, groups: { app: { env: { V: '2' }, services: [service] } } })
      assert.equal(status.status, 'failed')
      assert.match(status.error ?? '', /connect refused/)
      assert.equal(events.at(-1)?.kind, 'failed')
      assert.deepEqual(essence(await web.machines()), before)
    })

  test('canary tries one extra machine without requests, which goes before the first of the others is touched', async () => {
    await web.deploy('1')
    const before = (await web.machines()).map(({ id }) => id)
    const calls = record()
    const { status, events } = await web.deploy('2', { strategy: 'canary' })
    assert.equal(status.status, 'complete')
    const canary = calls[0]?.replace('create ', '')
    assert.equal(calls[1], `destroy ${canary}`)
    assert.ok(events.some(({ message }) => message.includes(`canary ${canary}`)))
    assert.deepEqual((await web.machines()).map(({ id }) => id).toSorted(), before.toSorted())
  })

  test('immediate waits for no health', async () => {
    await web.deploy('1')
    for (const host of at.hosts) host.checkResult = () => 'critical'
    assert.equal((await web.deploy('2', { strategy: 'immediate' })).status.status, 'complete')
    assert.deepEqual([...new Set((await web.machines()).map(({ config }) => config.env['V']))], ['2'])
  })

  test('rolling takes the first machine alone and then as many as may be away', async () => {
    await web.deploy('1')
    await scale(5)
    let away = 0
    const seen: number[] = []
    for (const host of at.hosts)
      host.onOrder = (call) => {
        if (call === 'drain') seen.push(++away)
        if (call === 'start') away--
      }
    await web.deploy('2', { maxUnavailable: 2 })
    assert.equal(seen.length, 5)
    assert.equal(seen[1], 1, 'the second one only when the first has passed')
    assert.equal(Math.max(...seen), 2)
  })

  test('a machine that was woken meanwhile is drained and started like one that ran', async () => {
    await web.deploy('1')
    const [first, second] = await web.machines()
    await at.ok('POST', `/v1/apps/web/machines/${second!.id}/stop`)
    const host = at.hosts.find(({ record: { region } }) => region.code === 'cdg')!
    host.onOrder = async (call, id) => {
      if (call === 'drain' && id === first!.id) host.machines.get(second!.id as never)!.state = 'started'
    }
    assert.equal((await web.deploy('2')).status.status, 'complete')
    assert.ok(host.calls.includes(`drain ${second!.id} stop`))
    assert.deepEqual(
      (await web.machines()).map(({ state }) => state),
      ['started', 'started'],
    )
  })

  test('a group without services gets a spare, which stands by for the other one and follows it through bluegreen', async () => {
    const groups = (v: string) => ({ app: { env: { V: v }, services: [service] }, worker: { env: { V: v } } })
    await web.deploy('1', { groups: groups('1') })
    const workers = async () => (await web.machines()).filter(({ config }) => config.metadata['fly_process_group'] === 'worker')
    const [main, spare] = await workers()
    assert.deepEqual([main?.state, spare?.state, spare?.config.standbys], ['started', 'created', [main?.id]])
    await web.deploy('2', { groups: groups('2'), strategy: 'bluegreen' })
    const after = await workers()
    const newMain = after.find(({ config }) => config.standbys === undefined)
    assert.deepEqual([after.length, after.find(({ config }) => config.standbys)?.config.standbys], [2, [newMain?.id]])
  })

  test('targets: only these regions, machines or groups are updated, and nothing is made or ended elsewhere', async () => {
    await web.deploy('1')
    await scale(2, ['fra'])
    const versions = async () => (await web.machines()).map(({ region, config }) => `${region} ${config.env['V']}`).toSorted()
    await web.deploy('2', { only: { regions: ['fra'] } })
    assert.deepEqual(await versions(), ['cdg 1', 'cdg 1', 'fra 2', 'fra 2'])
    await web.deploy('3', { only: { excludeRegions: ['fra'] } })
    assert.deepEqual(await versions(), ['cdg 3', 'cdg 3', 'fra 2', 'fra 2'])
    const [one] = await web.machines()
    await web.deploy('4', { only: { machines: [one!.id] }, groups: { app: { env: { V: '4' }, services: [service] }, worker: {} } })
    assert.equal((await web.machines()).length, 4)
    assert.equal((await web.machines()).filter(({ config }) => config.env['V'] === '4').length, 1)
    const none = await at.call('POST', '/v1/kante/apps/web/deploys', { image: 'x', groups: { app: {} }, only: { regions: ['iad'] } })
    assert.deepEqual([none.status, none.body.status], [412, 'no_targets'])
  })

  describe('a release command', () => {
    const command = { config: { env: { RELEASE_COMMAND: '1' }, init: { cmd: ['migrate'] }, auto_destroy: true }, timeoutMs: 2000 }
    test('runs once before any machine is touched, its output is told, and its machine goes', async () => {
      await web.deploy('1')
      const calls = record()
      for (const host of at.hosts)
        host.onOrder = (call, id) => {
          calls.push(`${call} ${id}`)
          if (call === 'create')
            host.log({
              id: '1-1',
              timestamp: 't',
              app: 'web' as never,
              machine: id,
              region: 'cdg' as never,
              provider: 'app',
              level: 'info',
              message: 'migrated',
            })
        }
      const { status, events } = await web.deploy('2', { releaseCommand: command })
      assert.equal(status.status, 'complete', status.error ?? '')
      assert.deepEqual(
        calls.slice(0, 2).map((call) => call.split(' ')[0]),
        ['create', 'destroy'],
      )
      assert.ok(events.some(({ kind, message }) => kind === 'log' && message === 'migrated'))
      assert.equal((await web.machines()).length, 2)
    })
    test('that fails ends the deploy before any machine is touched', async () => {
      await web.deploy('1')
      const before = essence(await web.machines())
      for (const host of at.hosts) host.endsWith = (config) => (config.env?.['RELEASE_COMMAND'] === '1' ? 4 : undefined)
      const { status } = await web.deploy('2', { releaseCommand: command })
      assert.match(status.error ?? '', /release command ended with exit code 4/)
      assert.deepEqual(essence(await web.machines()), before)
    })
    test('that does not end in time fails, and its machine goes', async () => {
      await web.deploy('1')
      for (const host of at.hosts) host.endsWith = () => undefined
      const { status } = await web.deploy('2', { releaseCommand: { ...command, timeoutMs: 300 } })
      assert.match(status.error ?? '', /still runs after/)
      assert.equal((await web.machines()).length, 2)
    })
    test('can be called off while it runs; later a deploy goes on', async () => {
      await web.deploy('1')
      for (const host of at.hosts) host.endsWith = () => undefined
      const begun = await web.begin('2', { releaseCommand: { ...command, timeoutMs: 0 } })
      const path = `/v1/kante/apps/web/deploys/${begun.id}/cancel`
      await at.ok('POST', path)
      const { status } = await web.finish(begun)
      assert.deepEqual([status.status, status.cancelled], ['failed', true])
      assert.equal((await web.machines()).length, 2)
      assert.equal((await web.releases())[0]?.status, 'interrupted')

      const touched = Promise.withResolvers<void>()
      const goOn = Promise.withResolvers<void>()
      for (const host of at.hosts)
        host.onOrder = (call) => {
          if (call !== 'drain') return
          touched.resolve()
          return goOn.promise
        }
      const third = await web.begin('3')
      await touched.promise
      const late = await at.call('POST', `/v1/kante/apps/web/deploys/${third.id}/cancel`)
      assert.deepEqual([late.status, late.body.status], [409, 'deploy_begun'])
      goOn.resolve()
      assert.equal((await web.finish(third)).status.status, 'complete')
    })
  })

  test('machine checks run beside a started machine, know its address, and fail the deploy when they do not end with 0', async () => {
    await web.deploy('1')
    const envs: unknown[] = []
    for (const host of at.hosts)
      host.onOrder = (call, id) => {
        if (call === 'destroy') envs.push(host.machines.get(id)?.config.env)
      }
    const machineChecks = { app: [{ env: { PROBE: '1' }, init: { cmd: ['probe'] } }] }
    assert.equal((await web.deploy('2', { machineChecks })).status.status, 'complete')
    const wanted = { PROBE: '1', FLY_TEST_MACHINE_IP: '127.1.2.3', FLY_TEST_COMMAND: '1' }
    assert.deepEqual(envs, [wanted, wanted])
    const before = essence(await web.machines())
    for (const host of at.hosts) host.endsWith = (config) => (config.env?.['PROBE'] === '1' ? 1 : undefined)
    const { status } = await web.deploy('3', { machineChecks })
    assert.match(status.error ?? '', /machine check of .* ended with exit code 1/)
    assert.deepEqual(essence(await web.machines()), before)
  })

  test('a rollback is a deploy of an earlier release’s image and config, and a second one goes further back', async () => {
    for (const v of ['1', '2', '3']) await web.deploy(v)
    const rollback = async (body: object = {}) => web.finish(await at.ok('POST', '/v1/kante/apps/web/rollback', body))
    const live = async () => {
      const [machine] = await web.machines()
      return [machine?.config.image, machine?.config.env['V'], machine?.config.metadata['fly_release_version']]
    }
    assert.equal((await rollback()).status.status, 'complete')
    assert.deepEqual(await live(), ['example/web:2', '2', '4'])
    await rollback()
    assert.deepEqual(await live(), ['example/web:1', '1', '5'])
    await rollback({ version: 3 })
    assert.deepEqual(await live(), ['example/web:3', '3', '6'])
    const unknown = await at.call('POST', '/v1/kante/apps/web/rollback', { version: 77 })
    assert.deepEqual([unknown.status, unknown.body.status], [404, 'release_not_found'])
  })
})
