import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { describedRoutes } from '../../../src/control/api/describe-api.ts'
import type { Route } from '../../../src/control/api/route.ts'
import type { CreatedToken, TokenView } from '../../../src/protocol/access-api.ts'
import { foreignToken, openTestControl, token, type TestControl } from './open-test-control.ts'

/** What a path names, in the org `personal`. Every test below calls every route with it. */
interface Named {
  readonly machine: string
  readonly deploy: string
  readonly token: string
}
const nameOf = ({ method, path }: Pick<Route, 'method' | 'path'>) => `${method} ${path}`
function pathOf(path: string, named: Named): string {
  const id = path.includes('/deploys/') ? named.deploy : path.includes('/tokens/') ? named.token : named.machine
  return path
    .replace(':app', 'web')
    .replace(':id', id)
    .replace(':org', 'personal')
    .replace(':key', 'k')
    .replace(':name', 'KEY')
    .replace(':digest', `sha256:${'0'.repeat(64)}`)
}
/** Bodies that routes without an app or org in their path would take, so that nothing but the tenant stands in the way. */
const bodies: Readonly<Record<string, object>> = {
  'POST /v1/apps': { name: 'web', org_slug: 'personal' },
  'POST /v1/platform/placements': { org_slug: 'personal' },
  'POST /v1/kante/tokens': { kind: 'deploy', app: 'web' },
  'POST /v1/kante/orgs': { name: 'another' },
}
/**
 * What belongs to no org, or shows the caller its own. Every other route has to refuse a stranger: a new one that names neither an app nor an org in its
 * path stands here, with a reason, or it fails.
 */
const openToAll: ReadonlySet<string> = new Set([
  'GET /v1/apps',
  'GET /v1/platform/regions',
  'POST /v1/platform/placements',
  'GET /v1/tokens/current',
  'GET /v1/kante/platform',
  'GET /v1/kante/whoami',
  'GET /v1/kante/tokens',
  'GET /v1/kante/orgs',
  'GET /v1/kante/audit',
  // By what they hold: who has the digest has the bytes.
  'HEAD /v1/kante/layers/:digest',
  'PUT /v1/kante/layers/:digest',
])

describe('every route', () => {
  let at: TestControl
  let named: Named
  const tokens: Record<string, CreatedToken> = {}
  const routes = describedRoutes()
  const send = (route: Route, authorization: string | undefined) => {
    const body = bodies[nameOf(route)]
    return at.control.api(
      new Request(`http://127.0.0.1${pathOf(route.path, named)}`, {
        method: route.method,
        headers: authorization === undefined ? {} : { authorization },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    )
  }
  const records = async () => (await at.store.range({ start: 'app/', end: 'z' })).entries.filter(({ key }) => !key.startsWith('audit'))
  const issue = (body: object) => at.ok<CreatedToken>('POST', '/v1/kante/tokens', body)

  before(async () => {
    at = await openTestControl()
    await at.ok('POST', '/v1/apps', { name: 'web' })
    await at.ok('POST', '/v1/apps', { name: 'other' })
    const { id: machine } = await at.ok<{ id: string }>('POST', '/v1/apps/web/machines', { config: { image: 'x' } })
    const { id: deploy } = await at.ok<{ id: string }>('POST', '/v1/kante/apps/web/deploys', { image: 'x', groups: { app: {} } })
    await at.call('GET', `/v1/kante/apps/web/deploys/${deploy}/events`)
    await at.ok('POST', '/v1/apps/web/secrets', { values: { KEY: 'value' } })
    tokens['readonly'] = await issue({ kind: 'readonly' })
    tokens['org'] = await issue({ kind: 'org' })
    tokens['deploy'] = await issue({ kind: 'deploy', app: 'web' })
    tokens['deploy of another app'] = await issue({ kind: 'deploy', app: 'other' })
    tokens['expired'] = await issue({ kind: 'org', expiry: '1ms' })
    tokens['revoked'] = await issue({ kind: 'org' })
    await at.ok('DELETE', `/v1/kante/tokens/${tokens['revoked'].id.slice(0, 12)}`)
    named = { machine, deploy, token: tokens['org'].id }
  })
  after(() => at[Symbol.asyncDispose]())

  test('is in the table that this test reads, and says who may call it', () => {
    assert.ok(routes.length >= 60, `${routes.length} routes`)
    for (const route of routes) {
      assert.ok(['read', 'deploy', 'manage', 'operate'].includes(route.access), `${nameOf(route)} declares no access`)
      // Who may only read changes nothing, whatever a route is called.
      if (route.access === 'read') assert.ok(route.method === 'GET' || route.method === 'HEAD', nameOf(route))
    }
    assert.equal(new Set(routes.map(nameOf)).size, routes.length)
    for (const name of openToAll)
      assert.ok(
        routes.some((route) => nameOf(route) === name),
        `${name} is no route`,
      )
  })

  for (const [what, authorization] of [
    ['no token', () => undefined],
    ['a wrong token', () => 'Bearer kante_wrong_token_of_nobody'],
    ['another scheme', () => `Basic ${Buffer.from(`x:${token}`).toString('base64')}`],
    ['an empty token', () => 'Bearer '],
    ['a prefix of the token', () => `Bearer ${token.slice(0, -1)}`],
    ['the id of a token', () => `Bearer ${tokens['org']?.id}`],
    ['an expired token', () => `Bearer ${tokens['expired']?.token}`],
    ['a revoked token', () => `Bearer ${tokens['revoked']?.token}`],
  ] as const) {
    test(`answers 401 to ${what}`, async () => {
      for (const route of routes) {
        const answer = await send(route, authorization())
        assert.equal(answer.status, 401, nameOf(route))
        await answer.body?.cancel()
      }
    })
  }

  test('that names something of an org answers the token of another as if it were not there, and changes nothing', async () => {
    const before = await records()
    for (const route of routes) {
      const name = nameOf(route)
      const answer = await send(route, `Bearer ${foreignToken}`)
      const text = await answer.text()
      // Its own refused calls, with the names that it said itself.
      if (name === 'GET /v1/kante/audit') {
        const { records: seen } = JSON.parse(text) as { records: { org: string; outcome: string }[] }
        assert.ok(seen.length > 0 && seen.every(({ org, outcome }) => org === 'strangers' && outcome !== 'ok' && outcome !== 'written'))
        continue
      }
      assert.ok(!text.includes('"web"') && !text.includes(named.machine) && !text.includes('"config"'), `${name} shows ${text}`)
      if (openToAll.has(name)) continue
      // Names of apps are global: asking for one says 403 (taken), as Fly.io does. What is everybody's is nobody's but the operator's.
      const expected = route.isAnyName === true || route.access === 'operate' ? 403 : 404
      assert.equal(answer.status, expected, `${name}: ${text}`)
    }
    assert.deepEqual(await records(), before)
    assert.equal(at.host.calls.filter((call) => call.includes(named.machine)).length, 1)
  })

  test('that changes something refuses a token that may only read, before it looks at anything', async () => {
    const before = await records()
    for (const route of routes) {
      if (route.method === 'GET' && /follow|wait|events$/.test(route.path)) continue
      const answer = await send(route, `Bearer ${tokens['readonly']?.token}`)
      const text = await answer.text()
      if (route.access === 'read') assert.ok(answer.status !== 401 && answer.status !== 403, `${nameOf(route)}: ${text}`)
      else assert.deepEqual([answer.status, (JSON.parse(text) as { status: string }).status], [403, 'token_scope'], nameOf(route))
    }
    assert.deepEqual(await records(), before)
  })

  test('hides an app from the deploy token of another', async () => {
    const before = await records()
    for (const route of routes) {
      const name = nameOf(route)
      const answer = await send(route, `Bearer ${tokens['deploy of another app']?.token}`)
      const text = await answer.text()
      assert.ok(!text.includes('"web"') && !text.includes(named.machine), `${name} shows ${text}`)
      if (route.path.includes(':app') || route.access === 'manage' || route.access === 'operate')
        assert.ok(answer.status === 404 || answer.status === 403, `${name}: ${answer.status}`)
    }
    assert.deepEqual(await records(), before)
  })

  test('that manages or operates refuses a deploy token of the app itself, the operator’s alone also an org’s', async () => {
    for (const route of routes.filter(({ access }) => access === 'manage' || access === 'operate')) {
      const kinds = route.access === 'operate' ? ['deploy', 'org'] : ['deploy']
      for (const kind of kinds) {
        const answer = await send(route, `Bearer ${tokens[kind]?.token}`)
        const { status } = (await answer.json()) as { status: string }
        assert.deepEqual([answer.status, status], [403, 'token_scope'], `${nameOf(route)} with ${kind}`)
      }
    }
  })

  test('takes the FlyV1 scheme and a token among others', async () => {
    for (const authorization of [`FlyV1 ${token}`, `FlyV1 fm2_abc,${token}`, `bearer ${token}`, `Bearer ${tokens['expired']?.token},${token}`]) {
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

describe('tokens', () => {
  let at: TestControl
  before(async () => {
    at = await openTestControl()
    await at.ok('POST', '/v1/apps', { name: 'web' })
    await at.ok('POST', '/v1/apps', { name: 'other' })
  })
  after(() => at[Symbol.asyncDispose]())
  const as = (text: string) => ({ authorization: `Bearer ${text}` })
  const issue = async (body: object, by = token) => {
    const answer = await at.call('POST', '/v1/kante/tokens', body, as(by))
    assert.equal(answer.status, 201, JSON.stringify(answer.body))
    return answer.body as CreatedToken
  }

  test('are shown once and stored as hashes', async () => {
    const made = await issue({ kind: 'readonly', name: 'for the dashboard' })
    assert.match(made.token, /^kante_readonly_[A-Za-z0-9_-]{43}$/)
    const { entries } = await at.store.range({ start: '!', end: '~' })
    assert.ok(!entries.some(({ value }) => value.includes(made.token.slice(-43))))
    const { tokens } = await at.ok<{ tokens: TokenView[] }>('GET', '/v1/kante/tokens')
    assert.deepEqual(
      tokens.filter(({ id }) => id === made.id).map(({ name, kind, org }) => [name, kind, org]),
      [['for the dashboard', 'readonly', 'personal']],
    )
    assert.ok(!JSON.stringify(tokens).includes(made.token.slice(-43)))
  })

  test('of an app deploy it, set its secrets, read it, and nothing else', async () => {
    const { token: deploy } = await issue({ kind: 'deploy', app: 'web' })
    const call = (method: string, path: string, body?: unknown) => at.call(method, path, body, as(deploy))
    assert.equal((await call('POST', '/v1/kante/apps/web/deploys', { image: 'x', groups: { app: {} } })).status, 202)
    assert.equal((await call('POST', '/v1/apps/web/secrets', { values: { KEY: 'value' } })).status, 200)
    assert.equal((await call('GET', '/v1/apps/web/machines')).status, 200)
    assert.equal((await call('GET', '/v1/apps/other/machines')).status, 404)
    assert.deepEqual(
      (await call('GET', '/v1/apps')).body.apps.map(({ name }: { name: string }) => name),
      ['web'],
    )
    const me = (await call('GET', '/v1/kante/whoami')).body as { kind: string; app: string; expiresAt: string }
    assert.deepEqual([me.kind, me.app], ['deploy', 'web'])
    assert.ok(Date.parse(me.expiresAt) > Date.now() + 19 * 365 * 86_400_000)
  })

  test('of an app that was destroyed are not those of the next of the same name', async () => {
    await at.ok('POST', '/v1/apps', { name: 'short' })
    const { token: deploy } = await issue({ kind: 'deploy', app: 'short' })
    await at.call('DELETE', '/v1/apps/short')
    await at.ok('POST', '/v1/apps', { name: 'short' })
    assert.equal((await at.call('GET', '/v1/apps/short/machines', undefined, as(deploy))).status, 404)
  })

  test('of an org hand out others of that org, but none of another’s', async () => {
    await at.ok('POST', '/v1/kante/orgs', { name: 'Acme Europe' })
    const { token: acme } = await issue({ kind: 'org', org: 'acme-europe' })
    assert.equal((await at.call('POST', '/v1/apps', { name: 'shop' }, as(acme))).body.organization.slug, 'acme-europe')
    assert.equal((await issue({ kind: 'deploy', app: 'shop' }, acme)).org, 'acme-europe')
    for (const body of [
      { kind: 'org', org: 'personal' },
      { kind: 'deploy', app: 'web' },
    ])
      assert.equal((await at.call('POST', '/v1/kante/tokens', body, as(acme))).status, 404)
    const { tokens } = (await at.call('GET', '/v1/kante/tokens', undefined, as(acme))).body as { tokens: TokenView[] }
    assert.deepEqual(new Set(tokens.map(({ org }) => org)), new Set(['acme-europe']))
    const foreign = await issue({ kind: 'org' })
    assert.equal((await at.call('DELETE', `/v1/kante/tokens/${foreign.id}`, undefined, as(acme))).status, 404)
    // The operator reaches every org.
    assert.equal((await at.call('GET', '/v1/apps/shop')).status, 200)
    assert.equal((await at.call('DELETE', '/v1/kante/orgs/acme-europe')).body.status, 'org_in_use')
    await at.call('DELETE', '/v1/apps/shop')
    assert.equal((await at.call('DELETE', '/v1/kante/orgs/acme-europe')).status, 204)
    assert.equal((await at.call('GET', '/v1/kante/whoami', undefined, as(acme))).status, 401)
  })

  test('and orgs that are deleted while an app is made in them leave neither without the other', async () => {
    for (let round = 0; round < 10; round++) {
      await at.ok('POST', '/v1/kante/orgs', { name: 'brief' })
      const [made, deleted] = await Promise.all([
        at.call('POST', '/v1/apps', { name: `brief-${round}`, org_slug: 'brief' }),
        at.call('DELETE', '/v1/kante/orgs/brief'),
      ])
      assert.equal(made.status === 201, deleted.status !== 204, `${made.status} ${deleted.status}`)
      if (made.status === 201) await at.call('DELETE', `/v1/apps/brief-${round}`)
      await at.call('DELETE', '/v1/kante/orgs/brief')
    }
  })

  test('by Fly.io’s API are deploy tokens', async () => {
    const { token: deploy } = await at.ok<{ token: string }>('POST', '/v1/apps/web/deploy_token', { expiry: '24h' })
    assert.equal((await at.call('GET', '/v1/kante/whoami', undefined, as(deploy))).body.kind, 'deploy')
  })

  test('expire, and never later than in a hundred years', async () => {
    for (const expiry of ['0', '900000000h', 'soon', '-1h'])
      assert.equal((await at.call('POST', '/v1/kante/tokens', { kind: 'org', expiry })).status, 400, expiry)
  })
})
