import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { fromControl } from './routes-of.ts'
import { foreignToken, openTestControl, token, type TestControl } from './open-test-control.ts'

describe('every route', () => {
  let at: TestControl
  let machine: string
  let bundle: string
  before(async () => {
    at = await openTestControl()
    await at.ok('POST', '/v1/apps', { name: 'web' })
    machine = (await at.ok<{ id: string }>('POST', '/v1/apps/web/machines', { config: { image: 'x' } })).id
    const deploy = await at.ok<{ id: string }>('POST', '/v1/kante/apps/web/deploys', { image: 'x', groups: { app: {} } })
    await at.call('GET', `/v1/kante/apps/web/deploys/${deploy.id}/events`)
    bundle = deploy.id
  })
  after(() => at[Symbol.asyncDispose]())

  const pathOf = (path: string) =>
    path
      .replace(':app', 'web')
      .replace(path.includes('/deploys/') ? ':id' : ':id', path.includes('/deploys/') ? bundle : machine)
      .replace(':org', 'personal')
      .replace(':key', 'k')
      .replace(':digest', `sha256:${'0'.repeat(64)}`)
  /** A body that the route would take, so that nothing but the token or the tenant stands in the way. */
  const bodies: Readonly<Record<string, object>> = {
    'POST /v1/apps': { name: 'web', org_slug: 'personal' },
    'POST /v1/apps/:app/machines': { config: { image: 'x' } },
    'POST /v1/apps/:app/machines/:id': { config: { image: 'x' } },
    'POST /v1/apps/:app/machines/:id/signal': { signal: 'SIGTERM' },
    'POST /v1/apps/:app/machines/:id/exec': { command: ['id'] },
    'PUT /v1/apps/:app/machines/:id/metadata': { metadata: {} },
    'PATCH /v1/apps/:app/machines/:id/metadata': { metadata: {} },
    'POST /v1/apps/:app/machines/:id/metadata/:key': { value: 'x' },
    'POST /v1/platform/placements': { org_slug: 'personal' },
    'POST /v1/kante/apps/:app/bundles': { source: `sha256:${'0'.repeat(64)}`, start: { kind: 'static', root: '.' } },
    'POST /v1/kante/apps/:app/deploys': { image: 'x', groups: { app: {} } },
    'POST /v1/kante/apps/:app/scale': { count: 0 },
  }
  const send = (route: { method: string; path: string }, headers: Record<string, string>) => {
    const body = bodies[`${route.method} ${route.path}`]
    return at.control.api(
      new Request(`http://127.0.0.1${pathOf(route.path)}`, {
        method: route.method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    )
  }
  const routes = fromControl()
  /** What belongs to the platform, not to an org, or shows the caller its own. */
  const openToAll = new Set([
    'GET /v1/apps',
    'GET /v1/platform/regions',
    'POST /v1/platform/placements',
    'GET /v1/tokens/current',
    'GET /v1/kante/platform',
    'GET /v1/kante/whoami',
    'HEAD /v1/kante/layers/:digest',
    'PUT /v1/kante/layers/:digest',
  ])

  test('is in the table that this test reads', () => assert.ok(routes.length >= 45, `${routes.length} routes`))

  for (const [what, headers] of [
    ['no token', {}],
    ['a wrong token', { authorization: 'Bearer kante_wrong_token_of_nobody' }],
    ['another scheme', { authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` }],
    ['an empty token', { authorization: 'Bearer ' }],
    ['a prefix of the token', { authorization: `Bearer ${token.slice(0, -1)}` }],
  ] as const) {
    test(`answers 401 to ${what}`, async () => {
      for (const route of routes) {
        const answer = await send(route, headers)
        assert.equal(answer.status, 401, `${route.method} ${route.path}`)
        await answer.body?.cancel()
      }
    })
  }

  test('that names something of an org answers the token of another as if it were not there, and changes nothing', async () => {
    const before = (await at.store.range({ start: 'app/', end: 'z' })).entries.length
    for (const route of routes) {
      const name = `${route.method} ${route.path}`
      const answer = await send(route, { authorization: `Bearer ${foreignToken}` })
      const text = await answer.text()
      if (openToAll.has(name)) {
        assert.ok(!text.includes('"web"') && !text.includes(machine), `${name} shows ${text}`)
        continue
      }
      // Names of apps are global: asking for one says 403 (taken), as Fly.io does. The backup is everybody's, so it is nobody's but the operator's.
      const expected = name === 'GET /v1/apps/:app' || name === 'GET /v1/kante/backup' ? 403 : 404
      assert.equal(answer.status, expected, `${name}: ${text}`)
      assert.ok(!text.includes('"config"'), name)
    }
    assert.equal((await at.store.range({ start: 'app/', end: 'z' })).entries.length, before)
    assert.deepEqual(
      at.host.calls.filter((call) => call.includes(machine)),
      [`create ${machine}`],
    )
  })

  test('takes the FlyV1 scheme and a token among others', async () => {
    for (const authorization of [`FlyV1 ${token}`, `FlyV1 fm2_abc,${token}`, `bearer ${token}`]) {
      assert.equal((await at.call('GET', '/v1/kante/whoami', undefined, { authorization })).body.org, 'personal')
    }
  })

  test('answers to its own host names only', async () => {
    for (const host of ['127.0.0.1:4280', 'localhost:4280', '[::1]:4280', 'api.localhost']) {
      assert.equal((await at.call('GET', '/v1/kante/whoami', undefined, { host })).status, 200, host)
    }
    for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:4280', '10.0.0.1']) {
      const answer = await at.call('GET', '/v1/kante/whoami', undefined, { host })
      assert.deepEqual([answer.status, answer.body.status], [403, 'host_not_allowed'], host)
    }
  })

  test('is served over HTTP with streams that end when the client goes', async () => {
    const port = await at.control.listenApi('127.0.0.1', 0)
    const headers = { authorization: `Bearer ${token}` }
    const answer = await fetch(`http://127.0.0.1:${port}/v1/kante/platform`, { headers })
    assert.equal(answer.status, 200)
    assert.match(answer.headers.get('fly-request-id') ?? '', /^[0-9A-Z]{26}$/)
    const following = httpRequest({ port, host: '127.0.0.1', path: '/v1/kante/apps/web/logs?follow=1', headers })
    following.end()
    const [response] = (await once(following, 'response')) as [import('node:http').IncomingMessage]
    assert.equal(response.headers['content-type'], 'application/x-ndjson')
    const line = { id: '9-1', timestamp: 't', app: 'web', machine: '', region: 'fra', provider: 'app', level: 'info', message: 'hello' }
    at.host.log(line as never)
    const [chunk] = (await once(response, 'data')) as [Buffer]
    assert.deepEqual(JSON.parse(chunk.toString()), line)
    following.destroy()
  })

  test('a port that is in use is a fault that names the flag', async () => {
    const port = await at.control.listenApi('127.0.0.1', 0)
    await assert.rejects(at.control.listenApi('127.0.0.1', port), /is in use by another program/)
  })
})
