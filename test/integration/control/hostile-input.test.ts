import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { fromControl } from './routes-of.ts'
import { openTestControl, token } from './open-test-control.ts'

test('whatever is sent to whichever path, the answer is a fault of ours and never an internal error', async () => {
  await using at = await openTestControl()
  await at.ok('POST', '/v1/apps', { name: 'web' })
  const { id } = await at.ok<{ id: string }>('POST', '/v1/apps/web/machines', { config: { image: 'x' } })
  const routes = fromControl().filter(({ path }) => !path.endsWith('/backup') && !path.endsWith('/wait'))
  const odd = fc.constantFrom('web', id, '__proto__', 'constructor', '..', '%2e%2e', 'a'.repeat(300), '%00', 'ü', '-', `sha256:${'0'.repeat(64)}`)
  const value = fc.oneof(
    fc.jsonValue(),
    fc.record({
      config: fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom('image', 'services', 'checks', 'metadata', '__proto__'), fc.jsonValue())),
    }),
    fc.record({ groups: fc.dictionary(fc.constantFrom('app', '__proto__', 'constructor'), fc.jsonValue()), image: fc.constant('x') }),
    fc.record({ group: fc.constantFrom('constructor', '__proto__', 'app'), count: fc.nat(3) }),
    fc.record({ metadata: fc.dictionary(fc.string(), fc.string()), ttl: fc.anything() }),
  )
  const body = fc.oneof(
    value.map((sent) => JSON.stringify(sent) ?? ''),
    fc.string(),
    fc.constant('{"a":'),
    fc.constant(`{"config":{"image":"x","a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`),
    fc.constant('\ud800'),
  )
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...routes), odd, fc.string({ maxLength: 20 }), body, async (route, name, query, sent) => {
      const path = route.path.replaceAll(/:[a-z]+/g, () => name)
      const hasBody = !['GET', 'HEAD'].includes(route.method)
      const answer = await at.control.api(
        new Request(`http://127.0.0.1${path}?limit=${encodeURIComponent(query)}&ttl=${encodeURIComponent(query)}`, {
          method: route.method,
          headers: { authorization: `Bearer ${token}` },
          ...(hasBody ? { body: sent } : {}),
        }),
      )
      const text = await answer.text()
      assert.ok(answer.status < 500, `${route.method} ${path}: ${answer.status} ${text}`)
      if (answer.status >= 400 && route.method !== 'HEAD') assert.ok(typeof (JSON.parse(text) as { status: unknown }).status === 'string')
    }),
    { numRuns: 400 },
  )
})
