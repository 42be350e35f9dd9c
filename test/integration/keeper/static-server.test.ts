import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { createStaticServer } from '../../../src/host/runtime/process/static-server.ts'

async function openSite() {
  const dir = await mkdtemp(join(tmpdir(), 'kante-s-'))
  const root = join(dir, 'site')
  await mkdir(join(root, 'docs'), { recursive: true })
  await writeFile(join(dir, 'secret.txt'), 'secret')
  await writeFile(join(root, '.env'), 'secret')
  await writeFile(join(root, 'index.html'), '<h1>home</h1>')
  await writeFile(join(root, 'about.html'), 'about')
  await writeFile(join(root, 'docs', 'index.html'), 'docs')
  await writeFile(join(root, '404.html'), 'nothing here')
  await writeFile(join(root, 'app.js'), '0123456789')
  await symlink('../secret.txt', join(root, 'link.txt'))
  const server = createStaticServer({ root }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    /** The target goes out as it is, undecoded and unshortened. */
    async get(target: string, headers: Record<string, string> = {}, method = 'GET') {
      const sent = request({ port, host: '127.0.0.1', path: target, headers, method, agent: false }).end()
      const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage]
      return { status: response.statusCode, headers: response.headers, body: await text(response) }
    },
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

test('pages, folders and files without their ending are found, with their types', async () => {
  await using site = await openSite()
  const home = await site.get('/')
  assert.deepEqual([home.status, home.body, home.headers['content-type']], [200, '<h1>home</h1>', 'text/html; charset=utf-8'])
  assert.equal((await site.get('/about')).body, 'about')
  assert.equal((await site.get('/docs/')).body, 'docs')
  const moved = await site.get('/docs')
  assert.deepEqual([moved.status, moved.headers.location], [308, '/docs/'])
  assert.match((await site.get('/app.js')).headers['content-type'] ?? '', /^text\/javascript/)
})

test('what is not there is the site’s own 404 page', async () => {
  await using site = await openSite()
  const missing = await site.get('/no')
  assert.deepEqual([missing.status, missing.body], [404, 'nothing here'])
})

test('nothing outside the folder and nothing hidden is served', async () => {
  await using site = await openSite()
  for (const target of ['/../secret.txt', '/docs/../../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt', '/.env', '/link.txt', '//etc/passwd']) {
    const found = await site.get(target)
    assert.equal(found.status, 404, target)
    assert.doesNotMatch(found.body, /secret|root/, target)
  }
})

test('validators and ranges are heeded', async () => {
  await using site = await openSite()
  const { headers } = await site.get('/app.js')
  const etag = headers.etag ?? ''
  assert.equal((await site.get('/app.js', { 'if-none-match': `"x", W/${etag}` })).status, 304)
  const part = await site.get('/app.js', { range: 'bytes=2-4' })
  assert.deepEqual([part.status, part.body, part.headers['content-range']], [206, '234', 'bytes 2-4/10'])
  assert.equal((await site.get('/app.js', { range: 'bytes=2-4', 'if-range': '"old"' })).status, 200)
  assert.equal((await site.get('/app.js', { range: 'bytes=10-' })).status, 416)
})

test('HEAD has no body, and nothing else than reading is allowed', async () => {
  await using site = await openSite()
  const head = await site.get('/app.js', {}, 'HEAD')
  assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, '', '10'])
  assert.equal((await site.get('/app.js', {}, 'DELETE')).status, 405)
})
