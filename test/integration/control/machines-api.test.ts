import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { fault } from '../../../src/model/fault/fault.ts'
import { openTestControl, type TestControl } from './open-test-control.ts'

describe('Machines REST', () => {
  let at: TestControl
  before(async () => {
    at = await openTestControl()
    await at.ok('POST', '/v1/apps', { app_name: 'web', org_slug: 'personal' })
  })
  after(() => at[Symbol.asyncDispose]())

  const config = {
    zebra: { deep: [1, { b: 1, a: 2 }] },
    image: 'registry.example/web:1@sha256:abc',
    env: { B: '1', A: '2' },
    services: [{ internal_port: 8080, protocol: 'tcp', autostop: false, unknown_key: null, ports: [{ port: 80, handlers: ['http'] }] }],
    checks: { alive: { type: 'http', port: 8080, path: '/', interval: '15s', timeout: 2_000_000_000 } },
    aardvark: true,
  }
  const create = (body: object = {}) => at.ok<{ id: string; instance_id: string }>('POST', '/v1/apps/web/machines', { config, ...body })

  describe('apps', () => {
    test('are created once, shown with what clients decode, listed and counted', async () => {
      const app = await at.ok<Record<string, unknown>>('GET', '/v1/apps/web')
      assert.equal(app['name'], 'web')
      assert.equal(app['status'], 'pending')
      assert.deepEqual(Object.keys(app['organization'] as object), ['name', 'slug', 'internal_numeric_id'])
      assert.ok(Number.isInteger(app['internal_numeric_id']))
      const taken = await at.call('POST', '/v1/apps', { name: 'web' })
      assert.deepEqual([taken.status, taken.body.status], [422, 'name_taken'])
      assert.match(taken.body.error, /Name has already been taken/)
      const list = await at.ok<{ total_apps: number }>('GET', '/v1/apps?org_slug=personal')
      assert.equal(list.total_apps, 1)
      assert.equal((await at.call('GET', '/v1/apps?org_slug=other')).status, 404)
    })
    test('with the idempotency key of the first request are answered with the first app', async () => {
      const first = await at.ok<{ id: string }>('POST', '/v1/apps', { name: 'idem', idempotency_key: 'k' })
      const again = await at.ok<{ id: string }>('POST', '/v1/apps', { name: 'idem', idempotency_key: 'k' })
      assert.equal(again.id, first.id)
      assert.equal((await at.call('POST', '/v1/apps', { name: 'idem', idempotency_key: 'other' })).status, 422)
      assert.equal((await at.call('DELETE', '/v1/apps/idem')).status, 202)
      assert.equal((await at.call('GET', '/v1/apps/idem')).status, 404)
    })
    test('with running machines go only by force, and their machines with them', async () => {
      await at.ok('POST', '/v1/apps', { name: 'doomed' })
      const machine = await at.ok<{ id: string }>('POST', '/v1/apps/doomed/machines', { config })
      const refused = await at.call('DELETE', '/v1/apps/doomed')
      assert.deepEqual([refused.status, refused.body.status], [412, 'app_has_machines'])
      assert.equal((await at.call('DELETE', '/v1/apps/doomed?force=true')).status, 202)
      assert.equal(at.host.machines.get(machine.id as never)?.state, 'destroyed')
      assert.equal(at.mirror.list('machine/doomed/').length, 0)
    })
    test('have names by rule', async () => {
      const answer = await at.call('POST', '/v1/apps', { name: 'Bad_Name' })
      assert.equal(answer.status, 400)
      assert.match(answer.body.error, /app name: found "Bad_Name"/)
      assert.match((await at.call('POST', '/v1/apps', {})).body.error, /name: required/)
    })
  })

  test('a config comes back exactly as it was sent, order and unknown keys included', async () => {
    const machine = await create()
    const shown = await at.call('GET', `/v1/apps/web/machines/${machine.id}`)
    assert.equal(JSON.stringify(shown.body.config), JSON.stringify(config))
    const listed = (await at.ok<{ id: string; config: object }[]>('GET', '/v1/apps/web/machines')).find((found) => found.id === machine.id)
    assert.equal(JSON.stringify(listed?.config), JSON.stringify(config))
  })

  test('a machine has all that clients look at', async () => {
    const { body } = await at.call('GET', `/v1/apps/web/machines/${(await create({ name: 'one', region: 'cdg' })).id}`)
    assert.match(body.id, /^[0-9a-f]{14}$/)
    assert.match(body.private_ip, /^fdaa:[0-9a-f:]+:2$/)
    assert.deepEqual([body.name, body.region, body.state, body.version, body.host_status], ['one', 'cdg', 'started', 1, 'ok'])
    assert.deepEqual(body.image_ref, { registry: 'registry.example', repository: 'web', tag: '1', digest: 'sha256:abc', labels: null })
    assert.deepEqual(Object.keys(body.checks[0]), ['name', 'status', 'output', 'updated_at'])
    assert.deepEqual(
      body.events.map((event: { type: string }) => event.type),
      ['start', 'launch'],
    )
    assert.ok(Date.parse(body.created_at) > 0)
  })

  test('regions take preferences, and an unknown one is refused by name', async () => {
    assert.equal((await at.ok<{ region: string }>('POST', '/v1/apps/web/machines', { config, region: 'ams,cdg' })).region, 'cdg')
    assert.equal((await at.ok<{ region: string }>('POST', '/v1/apps/web/machines', { config, region: 'eu' })).region, 'fra')
    const refused = await at.call('POST', '/v1/apps/web/machines', { config, region: 'syd' })
    assert.deepEqual([refused.status, refused.body.status], [400, 'no_host_in_region'])
  })

  test('bodies are refused field by field', async () => {
    const answer = await at.call('POST', '/v1/apps/web/machines', { config: { services: [{ internal_port: 'x' }] } })
    assert.deepEqual([answer.status, answer.body.status], [400, 'invalid_body'])
    assert.match(answer.body.error, /config\.image: expected string/)
    assert.match(answer.body.error, /config\.services\[0\]\.internal_port: expected number/)
    assert.match((await at.call('POST', '/v1/apps/web/machines', '{"config":')).body.error, /not valid JSON/)
    assert.match((await at.call('POST', '/v1/apps/web/machines')).body.error, /missing/)
    const duration = await at.call('POST', '/v1/apps/web/machines', { config: { ...config, checks: { a: { type: 'tcp', interval: 'soon' } } } })
    assert.deepEqual([duration.status, duration.body.status], [400, 'invalid_value'])
    const large = await at.call('POST', '/v1/apps/web/machines', { config: { image: 'x', env: { A: 'x'.repeat(2 * 1024 * 1024) } } })
    assert.deepEqual([large.status, large.body.status], [413, 'body_too_large'])
  })

  test('lists filter by metadata, region and state, and summarise', async () => {
    const machine = await create({ config: { ...config, metadata: { role: 'blue' } }, region: 'cdg', skip_launch: true })
    const ids = async (query: string) => (await at.ok<{ id: string }[]>('GET', `/v1/apps/web/machines?${query}`)).map((found) => found.id)
    assert.deepEqual(await ids('metadata.role=blue'), [machine.id])
    assert.deepEqual(await ids('metadata.role=blue&region=fra'), [])
    assert.deepEqual(await ids('metadata.role=blue&state=stopped,created&region=fra,cdg'), [machine.id])
    const [summary] = await at.ok<{ config: object }[]>('GET', '/v1/apps/web/machines?metadata.role=blue&summary=true')
    assert.deepEqual(summary?.config, { image: config.image, guest: null, metadata: { role: 'blue' } })
    const org = await at.ok<{ machines: { id: string }[]; next_cursor: string }>('GET', '/v1/orgs/personal/machines?limit=1')
    const next = await at.ok<{ machines: { id: string }[] }>('GET', `/v1/orgs/personal/machines?limit=1&cursor=${org.next_cursor}`)
    assert.ok(next.machines[0]!.id > org.machines[0]!.id)
  })

  test('an update gives a new version, and the wrong current_version is a conflict', async () => {
    const machine = await create()
    const updated = await at.ok<{ instance_id: string; version: number }>('POST', `/v1/apps/web/machines/${machine.id}`, {
      config: { ...config, env: { C: '3' } },
      current_version: machine.instance_id,
    })
    assert.notEqual(updated.instance_id, machine.instance_id)
    assert.equal(updated.version, 2)
    const stale = await at.call('POST', `/v1/apps/web/machines/${machine.id}`, { config, current_version: machine.instance_id })
    assert.deepEqual([stale.status, stale.body.status], [409, 'machine_version'])
    const versions = await at.ok<{ version: string }[]>('GET', `/v1/apps/web/machines/${machine.id}/versions`)
    assert.deepEqual(
      versions.map(({ version }) => version),
      [updated.instance_id, machine.instance_id],
    )
    const listed = await at.ok<{ id: string; version: number }[]>('GET', '/v1/apps/web/machines')
    assert.equal(listed.find((found) => found.id === machine.id)?.version, 2)
  })

  test('a refused update leaves the config as it was', async () => {
    const machine = await create()
    at.host.onOrder = (call) => {
      if (call === 'update') throw fault('insufficient_capacity', { region: 'fra', reason: 'full' })
    }
    const refused = await at.call('POST', `/v1/apps/web/machines/${machine.id}`, { config: { image: 'other' } })
    at.host.onOrder = () => {}
    assert.deepEqual([refused.status, refused.body.status], [422, 'insufficient_capacity'])
    const listed = await at.ok<{ id: string; config: { image: string } }[]>('GET', '/v1/apps/web/machines')
    assert.equal(listed.find((found) => found.id === machine.id)?.config.image, config.image)
  })

  test('a refused create leaves nothing, and an order to a host that breaks off is taken back later', async () => {
    const before = at.mirror.list('machine/web/').length
    at.host.onOrder = () => {
      throw fault('insufficient_capacity', { region: 'fra', reason: 'full' })
    }
    const refused = await at.call('POST', '/v1/apps/web/machines', { config, region: 'fra' })
    at.host.onOrder = () => {}
    assert.deepEqual([refused.status, refused.body.status], [422, 'insufficient_capacity'])
    assert.match(refused.body.error, /could not reserve resource for machine/)
    assert.equal(at.mirror.list('machine/web/').length, before)
  })

  test('start, stop, suspend, cordon, signal and restart do what they say and answer as clients expect', async () => {
    const { id } = await create()
    const path = `/v1/apps/web/machines/${id}`
    const state = async () => (await at.ok<{ state: string }>('GET', path)).state
    assert.deepEqual(await at.ok('POST', `${path}/stop`, { signal: 'SIGTERM', timeout: '1s' }), { ok: true })
    assert.equal(await state(), 'stopped')
    assert.deepEqual(await at.ok('POST', `${path}/start`), { previous_state: 'stopped', migrated: false, new_host: '' })
    assert.deepEqual(await at.ok('POST', `${path}/suspend`), { ok: true })
    assert.equal(await state(), 'suspended')
    assert.deepEqual(await at.ok('POST', `${path}/restart?timeout=5&force_stop=true`), { ok: true })
    assert.deepEqual(await at.ok('POST', `${path}/signal`, { signal: 9 }), { ok: true })
    assert.deepEqual(await at.ok('POST', `${path}/cordon`), { ok: true })
    assert.equal((await at.ok<{ cordoned: boolean }>('GET', path)).cordoned, true)
    assert.deepEqual(await at.ok('POST', `${path}/uncordon`), { ok: true })
    await at.ok('POST', `${path}/stop`)
    const refused = await at.call('POST', `${path}/suspend`)
    assert.deepEqual([refused.status, refused.body.status], [412, 'machine_state'])
  })

  test('wait answers when the state is there, takes created for stopped, and times out with 408', async () => {
    const { id } = await create({ skip_launch: true })
    const path = `/v1/apps/web/machines/${id}/wait`
    assert.equal((await at.ok<{ state: string }>('GET', `${path}?state=stopped&timeout=1`)).state, 'created')
    assert.equal((await at.ok<{ state: string }>('GET', `${path}?state=any`)).state, 'created')
    assert.equal((await at.ok<{ state: string }>('GET', `${path}?state=settled`)).state, 'created')
    const late = await at.call('GET', `${path}?state=started&timeout=0.1`)
    assert.deepEqual([late.status, late.body.status], [408, 'wait_timeout'])
    assert.match(late.body.error, /machine failed to reach desired state/)
    const waiting = at.call('GET', `${path}?state=started,destroyed&timeout=5`)
    await at.ok('POST', `/v1/apps/web/machines/${id}/start`)
    assert.equal((await waiting).status, 200)
    assert.equal((await at.call('GET', `${path}?state=flying`)).status, 400)
  })

  test('a lease keeps others out, is refreshed and given back with its nonce', async () => {
    const { id } = await create()
    const path = `/v1/apps/web/machines/${id}`
    const none = await at.call('GET', `${path}/lease`)
    assert.deepEqual([none.status, none.body.status], [404, 'lease_not_found'])
    assert.match(none.body.error, / lease not found/)
    const taken = await at.call('POST', `${path}/lease?ttl=13`)
    assert.equal(taken.status, 201)
    assert.equal(taken.body.status, 'success')
    const { nonce } = taken.body.data as { nonce: string }
    assert.equal((await at.call('POST', `${path}/lease`, { ttl: 5, description: 'me' })).status, 409)
    assert.equal((await at.call('POST', `${path}/lease`, { ttl: 5 }, { 'fly-machine-lease-nonce': nonce })).status, 201)
    const blocked = await at.call('POST', `${path}/stop`)
    assert.deepEqual([blocked.status, blocked.body.status], [409, 'lease_held'])
    assert.equal((await at.call('POST', `${path}/stop`, {}, { 'fly-machine-lease-nonce': nonce })).status, 200)
    assert.equal((await at.call('DELETE', `${path}/lease`)).status, 400)
    assert.deepEqual((await at.call('DELETE', `${path}/lease`, undefined, { 'fly-machine-lease-nonce': nonce })).body.data, { ok: true })
    const leased = await at.ok<{ nonce: string }>('POST', '/v1/apps/web/machines', { config, lease_ttl: 10 })
    assert.match(leased.nonce, /^[0-9a-f]+$/)
  })

  test('metadata is read and written by key and as a whole, without a new version', async () => {
    const machine = await create({ config: { ...config, metadata: { a: '1' } } })
    const path = `/v1/apps/web/machines/${machine.id}/metadata`
    assert.equal((await at.call('POST', `${path}/b`, { value: '2' })).status, 204)
    assert.deepEqual(await at.ok('GET', path), { a: '1', b: '2' })
    assert.deepEqual(await at.ok('GET', `${path}/b`), { value: '2' })
    assert.equal((await at.call('PATCH', path, { metadata: { a: null, c: '3' } })).status, 204)
    assert.deepEqual(await at.ok('GET', path), { b: '2', c: '3' })
    assert.equal((await at.call('PUT', path, { metadata: { d: '4' } })).status, 204)
    assert.deepEqual(await at.ok('GET', path), { d: '4' })
    assert.equal((await at.call('DELETE', `${path}/d`)).status, 204)
    assert.equal((await at.call('GET', `${path}/d`)).status, 404)
    assert.equal((await at.call('PUT', path, { metadata: {}, machine_version: 'old' })).status, 412)
    assert.equal((await at.ok<{ instance_id: string }>('GET', `/v1/apps/web/machines/${machine.id}`)).instance_id, machine.instance_id)
  })

  test('exec takes a command line or words, ps sorts, events are limited', async () => {
    const { id } = await create()
    const path = `/v1/apps/web/machines/${id}`
    assert.deepEqual(await at.ok('POST', `${path}/exec`, { cmd: `sh -c 'echo "a b"'`, stdin: 'in' }), {
      exit_code: 3,
      exit_signal: 0,
      stdout: '["sh","-c","echo \\"a b\\""]',
      stderr: 'in',
    })
    assert.equal((await at.ok<{ stdout: string }>('POST', `${path}/exec`, { command: ['a', 'b c'] })).stdout, '["a","b c"]')
    assert.equal((await at.call('POST', `${path}/exec`, {})).status, 400)
    assert.deepEqual(
      (await at.ok<{ pid: number }[]>('GET', `${path}/ps?order=desc`)).map(({ pid }) => pid),
      [8, 7],
    )
    assert.equal((await at.ok<unknown[]>('GET', `${path}/events?limit=1`)).length, 1)
  })

  test('a destroyed machine leaves the list but stays readable', async () => {
    const { id } = await create()
    const refused = await at.call('DELETE', `/v1/apps/web/machines/${id}`)
    assert.deepEqual([refused.status, refused.body.status], [412, 'machine_state'])
    assert.deepEqual(await at.ok('DELETE', `/v1/apps/web/machines/${id}?kill=true`), { ok: true })
    const shown = await at.ok<{ state: string; events: object[] }>('GET', `/v1/apps/web/machines/${id}`)
    assert.equal(shown.state, 'destroyed')
    assert.ok(shown.events.length >= 3)
    const listed = async (query: string) => (await at.ok<{ id: string }[]>('GET', `/v1/apps/web/machines${query}`)).some((found) => found.id === id)
    assert.deepEqual([await listed(''), await listed('?include_deleted=true')], [false, true])
    assert.equal((await at.call('POST', `/v1/apps/web/machines/${id}/start`)).status, 404)
  })

  test('while a host does not answer, its machines are shown from the published copy', async () => {
    const { id } = await create({ region: 'cdg' })
    const [, cdg] = at.hosts
    cdg!.isReachable = false
    try {
      const shown = await at.ok<Record<string, unknown>>('GET', `/v1/apps/web/machines/${id}`)
      assert.deepEqual([shown['host_status'], shown['state'], shown['config']], ['unreachable', 'started', undefined])
      assert.equal((shown['incomplete_config'] as { image: string }).image, config.image)
      const refused = await at.call('POST', `/v1/apps/web/machines/${id}/stop`)
      assert.deepEqual([refused.status, refused.body.status], [503, 'host_unreachable'])
    } finally {
      cdg!.isReachable = true
    }
  })

  test('regions, placements and the token are described', async () => {
    const regions = await at.ok<{ Regions: { code: string }[]; Nearest: string }>('GET', '/v1/platform/regions')
    assert.deepEqual(
      regions.Regions.map(({ code }) => code),
      ['fra', 'cdg'],
    )
    const placed = await at.ok<{ regions: object[] }>('POST', '/v1/platform/placements', { org_slug: 'personal', region: 'any', count: 3 })
    assert.deepEqual(placed.regions, [
      { region: 'fra', count: 2, concurrency: 2 },
      { region: 'cdg', count: 1, concurrency: 1 },
    ])
    const tokens = await at.ok<{ tokens: { org_slug: string }[] }>('GET', '/v1/tokens/current')
    assert.equal(tokens.tokens[0]?.org_slug, 'personal')
  })

  test('unknown paths are 404 in JSON, and every answer carries a request id', async () => {
    const answer = await at.call('GET', '/v1/nothing')
    assert.deepEqual([answer.status, answer.body.status], [404, 'route_not_found'])
    assert.match(answer.headers.get('fly-request-id') ?? '', /^[0-9A-Z]{26}$/)
    assert.equal(answer.body.request_id, answer.headers.get('fly-request-id'))
  })
})
