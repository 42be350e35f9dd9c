import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { openFakeApi, sendJson, type FakeApi } from './fake-api.ts'

const status = (state: string, more: object = {}) => ({
  id: 'd1',
  app: 'web',
  version: 4,
  status: state,
  image: 'x',
  startedAt: '2026-01-01T00:00:00Z',
  ...more,
})
/** A platform with the app `web`; the release that secrets begin ends as said. */
function serve(api: FakeApi, how: { readonly isDeployed: boolean; readonly changed: readonly string[]; readonly ends?: object }): void {
  api.on('GET /v1/apps/web', { name: 'web', status: how.isDeployed ? 'deployed' : 'pending' })
  api.on('POST /v1/apps/web/secrets', { secrets: [], version: 2, Version: 2, changed: how.changed })
  api.on('POST /v1/kante/apps/web/secrets/deploy', (_request, response) => sendJson(response, 202, status('running')))
  api.on('GET /v1/kante/apps/web/deploys/d1/events', (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.end(`${JSON.stringify({ seq: 1, at: '', kind: 'done', message: 'release v4 is live' })}\n`)
  })
  api.on('GET /v1/kante/apps/web/deploys/d1', how.ends ?? status('complete'))
}
const sent = (api: FakeApi) =>
  api.seen.filter(({ method }) => method === 'POST').map(({ url, body }) => [url, body === '' ? undefined : (JSON.parse(body) as unknown)])

test('setting secrets releases them to the machines, --stage does not, and no change does nothing', async () => {
  await using api = await openFakeApi()
  serve(api, { isDeployed: true, changed: ['A', 'KEY'] })
  const released = await api.kante(['secrets', 'set', 'A=1', 'KEY=-', '-a', 'web'], { input: 'from\nstdin\n' })
  assert.equal(released.code, 0, released.stderr)
  assert.match(released.stdout, /Release v4 of web is live with its secrets/)
  assert.deepEqual(sent(api), [
    ['/v1/apps/web/secrets', { values: { A: '1', KEY: 'from\nstdin' } }],
    ['/v1/kante/apps/web/secrets/deploy', undefined],
  ])
  api.seen.length = 0
  assert.match((await api.kante(['secrets', 'unset', 'A', '--stage', '-a', 'web'])).stdout, /staged, but not set on machines/)
  assert.deepEqual(sent(api), [['/v1/apps/web/secrets', { values: { A: null } }]])
  serve(api, { isDeployed: true, changed: [] })
  assert.match((await api.kante(['secrets', 'set', 'A=1', '-a', 'web'])).stdout, /No change detected/)
  serve(api, { isDeployed: false, changed: ['A'] })
  assert.match((await api.kante(['secrets', 'set', 'A=1', '-a', 'web'])).stdout, /staged for the first deployment/)
})

test('a release that fails is exit code 1 and says what the machines have now', async () => {
  await using api = await openFakeApi()
  serve(api, { isDeployed: true, changed: ['A'], ends: status('failed', { error: 'check servicecheck-00-http-8080 is critical' }) })
  const failed = await api.kante(['secrets', 'set', 'A=1', '-a', 'web'])
  assert.equal(failed.code, 1)
  assert.match(failed.stderr, /servicecheck-00-http-8080 is critical; the machines have their former secrets/)
})

test('an import of many secrets is sent in parts, one that is no list of pairs not at all', async () => {
  await using api = await openFakeApi()
  serve(api, { isDeployed: true, changed: ['KEY_0'] })
  const lines = Array.from({ length: 100 }, (_, index) => `KEY_${index}=${index}`).join('\n')
  assert.equal((await api.kante(['secrets', 'import', '--detach', '-a', 'web'], { input: lines })).code, 0)
  assert.deepEqual(
    sent(api).map(([url, body]) => [url, body === undefined ? 0 : Object.keys((body as { values: object }).values).length]),
    [
      ['/v1/apps/web/secrets', 64],
      ['/v1/apps/web/secrets', 36],
      ['/v1/kante/apps/web/secrets/deploy', 0],
    ],
  )
  api.seen.length = 0
  for (const input of ['', 'geheim', 'A=1\n=geheim']) {
    const refused = await api.kante(['secrets', 'import', '-a', 'web'], { input })
    assert.equal(refused.code, 2)
    assert.ok(!refused.stderr.includes('geheim'), refused.stderr)
  }
  assert.deepEqual(sent(api), [])
})

test('--verbose and errors of the platform show no value', async () => {
  await using api = await openFakeApi()
  api.on('POST /v1/apps/web/secrets', (_request, response) =>
    sendJson(response, 409, { error: 'changed meanwhile', status: 'secrets_changed', kind: 'conflict' }),
  )
  const refused = await api.kante(['secrets', 'set', 'KEY=-', '-a', 'web', '--verbose'], { input: 'geheim' })
  assert.equal(refused.code, 1)
  assert.ok(!(refused.stdout + refused.stderr).includes('geheim'))
})

test('a token that was made is the only thing on stdout', async () => {
  await using api = await openFakeApi()
  const made = { id: 'abc', kind: 'deploy', org: 'personal', app: 'web', expiresAt: '2027-01-01T00:00:00.000Z', token: 'kante_deploy_x' }
  api.on('POST /v1/kante/tokens', (_request, response) => sendJson(response, 201, made))
  const result = await api.kante(['tokens', 'create', 'deploy', '-a', 'web', '--expiry', '720h', '-n', 'ci'])
  assert.equal(result.stdout, 'kante_deploy_x\n')
  assert.deepEqual(sent(api), [['/v1/kante/tokens', { kind: 'deploy', app: 'web', expiry: '720h', name: 'ci' }]])
  assert.equal((await api.kante(['tokens', 'create', 'everything'])).code, 2)
})

test('an audit log that is not as it was written is exit code 1', async () => {
  await using api = await openFakeApi()
  api.on('GET /v1/kante/audit/verify', { ok: false, records: 2, first: 1, last: 5, head: '5:x', problem: 'record 3 is missing' })
  const result = await api.kante(['audit', 'verify'])
  assert.equal(result.code, 1)
  assert.match(result.stdout, /record 3 is missing/)
})
