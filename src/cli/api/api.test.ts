import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isFault } from '../../model/fault/fault.ts'
import { UsageError } from '../framework/usage-error.ts'
import { apiFault } from './api-fault.ts'
import { parseContexts } from './contexts-file.ts'
import { readNdjson } from './ndjson.ts'
import { withQuery } from './open-api-client.ts'
import { checkDestination, tunnelArgv } from './ssh-tunnel.ts'
import { chooseTarget, parseApiAddress } from './target.ts'

test('an address may be bare, and localhost is never looked up', () => {
  assert.deepEqual(parseApiAddress('KANTE_API', 'localhost:4290'), {
    via: 'tcp',
    host: '127.0.0.1',
    port: 4290,
    isTls: false,
    address: 'http://localhost:4290',
  })
  assert.equal(parseApiAddress('KANTE_API', 'http://api.localhost:80').host, '127.0.0.1')
  assert.equal(parseApiAddress('KANTE_API', 'http://[::1]:4280').host, '::1')
  assert.deepEqual(parseApiAddress('KANTE_API', 'https://kante.example.net'), {
    via: 'tcp',
    host: 'kante.example.net',
    port: 443,
    isTls: true,
    address: 'https://kante.example.net',
  })
  for (const text of ['http://a/b', 'ftp://x', 'http://', 'http://user@host'])
    assert.throws(() => parseApiAddress('KANTE_API', text), /KANTE_API: found/, text)
})

test('a token of the environment loses its line break, and is refused where it cannot be one', async () => {
  const tokenOf = async (token: string) => {
    const env = { KANTE_API: 'http://127.0.0.1:4280', KANTE_API_TOKEN: token }
    return (await chooseTarget({ env, paths: {} as never, context: undefined, accessToken: undefined })).token?.reveal()
  }
  assert.equal(await tokenOf('kante_org_abc\r\n'), 'kante_org_abc')
  assert.equal(await tokenOf('one,two, three'), 'one,two, three')
  for (const text of ['kante_org_a\nb', 'Token x:\nkante_org', 'größe-geheim'])
    await assert.rejects(tokenOf(text), (error) => error instanceof UsageError && !error.message.includes(text))
})

test('an ssh destination cannot be an option or more than one word', () => {
  assert.equal(checkDestination('deploy@edge1.example.net'), 'deploy@edge1.example.net')
  for (const text of ['-oProxyCommand=x', 'a b', 'user@-x', '', 'a;b', '$(x)']) assert.throws(() => checkDestination(text), /--ssh/, text)
  assert.deepEqual(tunnelArgv('u@h', 4280).slice(-4), ['-W', '127.0.0.1:4280', '--', 'u@h'])
})

test('queries leave out what is undefined and repeat lists', () => {
  assert.equal(withQuery('/x', { a: 1, b: undefined, state: ['stopped', 'destroyed'], ok: true }), '/x?a=1&state=stopped&state=destroyed&ok=true')
  assert.equal(withQuery('/x', undefined), '/x')
})

test('a refusal is read whether it is ours or a proxy’s', () => {
  const ours = apiFault(404, '{"error":"app not found: x","status":"app_not_found","hint":"h","request_id":"r"}', undefined)
  assert.deepEqual([ours.message, ours.code, ours.kind, ours.hint, ours.requestId], ['app not found: x', 'app_not_found', 'not_found', 'h', 'r'])
  const theirs = apiFault(502, '<html>bad gateway</html>', 'r2')
  assert.deepEqual([theirs.kind, theirs.requestId], ['unavailable', 'r2'])
  assert.match(theirs.message, /HTTP 502: <html>/)
})

test('property: NDJSON comes back value by value, however the bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.string(), fc.constantFrom('ä', '東京', '🦊')), { maxLength: 8 }),
      fc.integer({ min: 1, max: 7 }),
      async (values, step) => {
        const bytes = Buffer.from(values.map((value) => `${JSON.stringify({ value })}\n\n`).join(''))
        async function* cut() {
          for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step)
        }
        const read: string[] = []
        for await (const { value } of readNdjson<{ value: string }>(cut())) read.push(value)
        assert.deepEqual(read, values)
      },
    ),
  )
})

test('property: a contexts file gives contexts or a fault that names the file', () => {
  const saved = { current: 'far', contexts: { far: { ssh: 'u@h', apiPort: 4280, token: 't' }, ci: { api: 'https://x', apiPort: 4280, token: 'u' } } }
  assert.deepEqual(parseContexts('c', JSON.stringify(saved)), saved)
  const shaped = fc.record({ current: fc.anything(), contexts: fc.oneof(fc.anything(), fc.dictionary(fc.string(), fc.anything())) })
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        shaped.map((value) => JSON.stringify(value) ?? ''),
      ),
      (text) => {
        try {
          for (const context of Object.values(parseContexts('c', text).contexts)) assert.equal(typeof context.token, 'string')
        } catch (error) {
          if (!isFault(error, 'invalid_value')) throw error
        }
      },
    ),
  )
})
