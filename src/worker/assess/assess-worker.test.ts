import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isFault } from '../../model/fault/fault.ts'
import { systemClock } from '../../kit/clock.ts'
import { renderHtml } from '../report/html-report.ts'
import { renderMarkdown } from '../report/markdown-report.ts'
import { renderText } from '../report/text-report.ts'
import { assessmentSchema, type Assessment } from './assessment.ts'
import { assessWorker, listWorkers } from './assess-worker.ts'
import { inMemoryProject } from './in-memory-project.ts'

const at = { environment: undefined, config: undefined }
async function assess(texts: Readonly<Record<string, string>>, environment?: string): Promise<Assessment> {
  const files = inMemoryProject(texts)
  const [found] = await listWorkers(files, undefined)
  assert.ok(found)
  const result = await assessWorker(files, found, { ...at, environment }, systemClock)
  assert.doesNotThrow(() => assessmentSchema.parse(result))
  for (const line of renderText(result).split('\n')) assert.ok(line.length <= 80 || !line.trim().includes(' '), line)
  renderMarkdown([result])
  return result
}
const config = '{ "name": "w", "main": "src/index.ts", "compatibility_date": "2026-07-01" }'
const code = (text: string, wrangler = config) => assess({ 'wrangler.jsonc': wrangler, 'src/index.ts': text })
const features = (result: Assessment) => result.uses.map((use) => use.feature)
const routes = (result: Assessment) => result.routes.map((route) => `${route.method ?? 'any'} ${route.path}`)

test('each routing style is read', async () => {
  const module = (body: string, before = '') =>
    code(
      `${before}\nexport default { async fetch(request: Request, env: Env, ctx) { const url = new URL(request.url); ${body}; return new Response('x') } }`,
    )
  assert.deepEqual(
    routes(
      await module(`if (url.pathname === '/health') return new Response('ok'); if (request.method === 'POST' && url.pathname === '/a') return x()`),
    ),
    ['any /health', 'POST /a'],
  )
  assert.deepEqual(routes(await module(`switch (url.pathname) { case '/x': return a(); case '/y': return b() }`)), ['any /x', 'any /y'])
  assert.deepEqual(routes(await module(`const { pathname } = url; if (pathname.startsWith('/api/')) return a()`)), ['any /api/*'])
  assert.deepEqual(
    routes(await module(`if (/^\\/u\\/(\\d+)$/.test(url.pathname)) return a(); const m = url.pathname.match(re)`, 'const re = /^x$/')),
    ['any /^\\/u\\/(\\d+)$/', 'any /^x$/'],
  )
  assert.deepEqual(routes(await module(`if (p.test(request.url)) return a()`, `const p = new URLPattern({ pathname: '/books/:id' })`)), [
    'any /books/:id',
  ])
  assert.deepEqual(routes(await module(`const parts = url.pathname.slice(1).split('/'); switch (parts[0]) { case 'api': return a() }`)), [
    'any …/api',
  ])
  assert.deepEqual(routes(await module(`return table[url.pathname]?.(request)`, `const table = { '/one': one, '/two': two }`)), [
    'any /one',
    'any /two',
  ])
  assert.deepEqual(routes(await module('switch (`${request.method} ${url.pathname}`) { case "GET /n": return a() }')), ['GET /n'])
})

test('routers are read, those of other files with the prefix they are mounted below', async () => {
  const hono = await assess({
    'wrangler.jsonc': config,
    'tsconfig.json': '{ "compilerOptions": { "paths": { "@/*": ["./src/*"] } } }',
    'src/index.ts': `import { Hono } from 'hono'; import { books } from '@/books.js'; import make from './users'
      const app = new Hono<{ Bindings: Env }>().basePath('/v1'); app.get('/', (c) => c.text(c.env.GREETING)); app.on(['GET', 'PUT'], '/k', h)
      app.route('/books', books); app.route('/users', make()); export default app`,
    'src/books.ts': `import { Hono } from 'hono'; export const books = new Hono().get('/:id', (c) => c.json(1)).post('/', h)`,
    'src/users.ts': `import { Hono } from 'hono'; export default function make() { const api = new Hono(); api.get('/me', h); return api }`,
  })
  assert.deepEqual(routes(hono).toSorted(), ['GET /v1', 'GET /v1/books/:id', 'GET /v1/k', 'GET /v1/users/me', 'POST /v1/books', 'PUT /v1/k'])
  assert.equal(hono.entry.handlers[0]?.name, 'fetch')
  const itty = await code(
    `import { Router } from 'itty-router'; const router = Router({ base: '/api' }); router.get('/todos/:id', h).all('*', n); export default { fetch: router.fetch }`,
  )
  assert.deepEqual(routes(itty).toSorted(), ['GET /api/todos/:id', 'any /api/*'])
})

test('each thing that is used is found, with its line', async () => {
  const each: readonly (readonly [string, string])[] = [
    ['cache-api', 'await caches.default.match(request)'],
    ['html-rewriter', 'new HTMLRewriter()'],
    ['websockets', 'const [a, b] = Object.values(new WebSocketPair())'],
    ['websocket-client', 'new WebSocket("wss://x")'],
    ['request-cf', 'request.cf?.country'],
    ['cf-fetch-options', 'fetch("https://x", { cf: { cacheTtl: 5 } })'],
    ['wait-until', 'ctx.waitUntil(p)'],
    ['pass-through', 'ctx.passThroughOnException()'],
    ['cf-headers', 'request.headers.get("CF-Connecting-IP")'],
    ['access-jwt', 'request.headers.get("Cf-Access-Jwt-Assertion")'],
    ['workers-web-api', 'new FixedLengthStream(3)'],
    ['do-new-unique-id', 'env.ROOM.newUniqueId()'],
    ['do-id-from-string', 'env.ROOM.idFromString(x)'],
    ['do-id-text', 'const id = env.ROOM.idFromName("x"); id.toString()'],
  ]
  for (const [feature, text] of each) {
    const result = await code(`export default {\n async fetch(request, env, ctx) {\n ${text}\n return new Response() } }`)
    const use = result.uses.find((one) => one.feature === feature)
    assert.ok(use, feature)
    assert.equal(use.places[0]?.line, 3, feature)
  }
  const modules =
    await code(`import { connect } from 'cloudflare:sockets'; import fs from 'node:fs'; import page from './page.html'; import { DurableObject, WorkflowEntrypoint, WorkerEntrypoint } from 'cloudflare:workers'
export class Room extends DurableObject {}; export class Flow extends WorkflowEntrypoint {}; export default class extends WorkerEntrypoint { fetch() {} hello() {} }`)
  for (const feature of ['tcp-sockets', 'node-compat', 'file-modules', 'durable-objects', 'workflows', 'rpc'])
    assert.ok(features(modules).includes(feature), feature)
  assert.deepEqual(
    modules.entry.classes.map((one) => `${one.name} ${one.kind}`),
    ['Room durable object', 'Flow workflow', '(default) entrypoint'],
  )
})

test('names of one’s own are not taken for the platform’s', async () => {
  const result = await code(
    `const caches = new Map(); class HTMLRewriter {}; export default { fetch() { caches.get('x'); new HTMLRewriter(); return new Response('request.cf newUniqueId') } } // caches.default`,
  )
  assert.deepEqual(features(result), [])
})

test('each kind of binding of the config is known, in every environment', async () => {
  const result = await assess({
    'wrangler.toml': `main = "src/index.ts"
[[kv_namespaces]]
binding = "A_KV"
[[d1_databases]]
binding = "A_DB"
[[r2_buckets]]
binding = "A_R2"
[[queues.producers]]
binding = "A_Q"
queue = "q"
[[services]]
binding = "A_SVC"
service = "s"
[[workflows]]
binding = "A_FLOW"
class_name = "F"
script_name = "other"
[[hyperdrive]]
binding = "A_HD"
[[vectorize]]
binding = "A_VEC"
[[ratelimits]]
name = "A_LIMIT"
[[analytics_engine_datasets]]
binding = "A_AE"
[[send_email]]
name = "A_MAIL"
[[dispatch_namespaces]]
binding = "A_DISPATCH"
[ai]
binding = "A_AI"
[browser]
binding = "A_BROWSER"
[assets]
directory = "public"
binding = "ASSETS"
[vars]
A_VAR = "x"
[env.live]
[[env.live.kv_namespaces]]
binding = "A_KV"
`,
    'src/index.ts': 'export default { fetch: (r, env) => new Response(env.A_VAR) }',
  })
  for (const feature of [
    'kv',
    'd1',
    'r2',
    'queues',
    'services',
    'workflows',
    'hyperdrive',
    'vectorize',
    'rate-limits',
    'analytics-engine',
    'email',
    'dispatch-namespaces',
    'ai',
    'browser',
    'assets',
    'vars',
  ])
    assert.ok(features(result).includes(feature), feature)
  assert.deepEqual(result.bindings.find((each) => each.name === 'A_KV')?.environments, ['top', 'live'])
  assert.equal(result.bindings.find((each) => each.name === 'A_KV')?.state, 'unused')
  assert.ok(result.findings.some((each) => each.text.startsWith('env.live lacks A_DB')))
  assert.equal(result.way.recommended, 'none')
  assert.ok(result.way.run.blocks.some((each) => each.feature === 'ai'))
})

test('a binding is found however env is reached; what the config lacks is said', async () => {
  const result = await assess({
    'wrangler.jsonc':
      '{ "main": "src/index.ts", "kv_namespaces": [{ "binding": "KV" }], "env": { "live": { "d1_databases": [{ "binding": "DB", "database_name": "d" }] } } }',
    'src/index.ts': `import { env as e } from 'cloudflare:workers'; import { Hono } from 'hono'
interface Env { BUCKET: R2Bucket; TOKEN: string }
const app = new Hono(); app.get('/', (c) => c.env.DB.prepare('x').first()); app.get('/k', async ({ env: { KV } }: any) => KV.get('x'))
export class Room { constructor(state, env) { this.env = env } fetch() { return this.env.JOBS.sendBatch([]) } }
function store(bindings: Env) { return bindings.BUCKET.put('a', 'b') }
export default { fetch: (r, environment) => new Response(environment.TOKEN + e.OTHER['x']) }`,
  })
  const state = Object.fromEntries(result.bindings.map((each) => [each.name, `${each.feature} ${each.state}`]))
  assert.deepEqual(state, {
    BUCKET: 'r2 missing',
    DB: 'd1 used',
    JOBS: 'queues missing',
    KV: 'kv used',
    OTHER: 'secrets variable',
    TOKEN: 'secrets variable',
  })
  const top = await assess(
    {
      'wrangler.jsonc': '{ "main": "i.js", "kv_namespaces": [{ "binding": "KV" }], "env": { "live": {} } }',
      'i.js': 'export default { fetch: (r, env) => env.KV.get("x") }',
    },
    'live',
  )
  assert.ok(top.findings.some((each) => each.severity === 'error' && each.text.includes('only the top level has it')))
})

test('entry formats: classes, wrappers, re-exports, CommonJS, service worker, Pages, assets', async () => {
  const format = async (texts: Readonly<Record<string, string>>) => {
    const { entry } = await assess(texts)
    return `${entry.format}: ${entry.handlers.map((each) => each.name).join(' ')}`
  }
  const one = (text: string) => format({ 'wrangler.jsonc': '{ "main": "i.js" }', 'i.js': text })
  assert.equal(await one('const w = { fetch() {}, scheduled() {}, async queue() {} }; export { w as default }'), 'modules: fetch scheduled queue')
  assert.equal(await one('import { withSentry } from "s"; export default withSentry(() => ({}), { fetch() {}, email() {} })'), 'modules: fetch email')
  assert.equal(await one('module.exports = { fetch() {} }'), 'modules: fetch')
  assert.equal(
    await one('addEventListener("fetch", (event) => event.respondWith(LINKS.put("a", "b"))); addEventListener("scheduled", f)'),
    'service-worker: fetch scheduled',
  )
  assert.equal(
    await format({
      'wrangler.jsonc': '{ "main": "i.mts" }',
      'i.mts': 'export { default, Room } from "./w.mjs"',
      'w.mts': 'export class Room {}; export default { fetch() {} } satisfies ExportedHandler',
    }),
    'modules: fetch',
  )
  assert.equal(await format({ 'wrangler.toml': 'assets = { directory = "public" }', 'public/index.html': 'x' }), 'assets: ')
  const pages = await assess({
    'functions/api/[id].ts': 'export const onRequestPost: PagesFunction<Env> = async ({ env, params }) => env.DB.prepare("x").run()',
    'functions/_middleware.js': 'export const onRequest = [a, b]',
  })
  assert.deepEqual([pages.entry.format, ...routes(pages)], ['pages', 'POST /api/:id', 'any /*'])
  assert.deepEqual(
    pages.bindings.map((each) => `${each.name} ${each.feature}`),
    ['DB d1'],
  )
})

test('stay: transforms, auth, proxies, redirects, caching; move: state, CPU, Docker, DSGVO', async () => {
  const verdict = async (body: string, more: Readonly<Record<string, string>> = {}, before = '') => {
    const { decision } = await assess({
      'wrangler.jsonc': config,
      'src/index.ts': `${before}\nexport default { async fetch(request, env, ctx) { ${body} } }`,
      ...more,
    })
    const strongest = decision.reasons.filter((each) => each.side === decision.verdict && each.strength === 'strong').map((each) => each.rule)
    return [decision.verdict, ...strongest]
  }
  assert.deepEqual(
    await verdict(`if (new URL(request.url).pathname === '/health') return new Response('ok'); return new Response('Hello from Edge!')`),
    ['stay'],
  )
  assert.deepEqual(await verdict('return new HTMLRewriter().on("a", h).transform(await fetch(request))'), ['stay', 'stay-transform', 'stay-proxy'])
  assert.deepEqual(await verdict('if (!request.headers.get("Authorization")) return new Response(null, { status: 401 }); return fetch(request)'), [
    'stay',
    'stay-auth',
    'stay-proxy',
  ])
  assert.deepEqual(await verdict('return Response.redirect("https://x", 301)'), ['stay', 'stay-proxy'])
  assert.deepEqual(await verdict('const c = await caches.default.match(request); return c'), ['stay', 'stay-cache'])
  const kv = { 'wrangler.jsonc': '{ "main": "src/index.ts", "kv_namespaces": [{ "binding": "KV" }] }' }
  assert.deepEqual(await verdict('await env.KV.put("a", "b", { expirationTtl: 60 }); return new Response()', kv), ['stay', 'stay-cache'])
  assert.deepEqual(await verdict('await env.KV.put("a", "b"); return new Response()', kv), ['move', 'move-key-value'])
  assert.deepEqual(await verdict('return new Response(await PDFDocument.create())', {}, 'import { PDFDocument } from "pdf-lib"'), [
    'move',
    'move-cpu',
  ])
  assert.deepEqual(await verdict('return new Response(await sql`x`)', {}, 'import postgres from "postgres"; const sql = postgres("x")'), [
    'move',
    'move-database',
  ])
  assert.deepEqual(await verdict('return new Response("x")', { Dockerfile: 'FROM node' }), ['move', 'move-docker'])
  assert.ok(
    (await verdict('const d = await request.formData(); await env.KV.put(d.get("email"), "x"); return new Response()', kv)).includes('move-dsgvo'),
  )
})

test('what is no Worker is a fault that says so', async () => {
  const refused = async (texts: Readonly<Record<string, string>>, status: string, environment?: string) =>
    assert.rejects(assess(texts, environment), (error) => {
      assert.ok(isFault(error), String(error))
      assert.equal(error.code, status)
      return true
    })
  await refused({}, 'worker_no_code')
  await refused({ 'package.json': '{}' }, 'worker_no_code')
  await refused({ 'index.js': 'import express from "express"; express().listen(8080)' }, 'worker_not_found')
  await refused({ 'index.ts': 'export default { port: 3000, fetch() {} }' }, 'worker_not_found')
  await refused({ 'wrangler.toml': 'main = "gone.ts"' }, 'worker_main_missing')
  await refused({ 'wrangler.toml': 'name =' }, 'worker_config_broken')
  await refused({ 'wrangler.toml': 'main = "i.js"\n[env.a]', 'i.js': 'export default { fetch() {} }' }, 'worker_env_unknown', 'b')
})

test('names of strangers are escaped in HTML and Markdown', async () => {
  const result = await code(
    'export default { fetch(r) { if (new URL(r.url).pathname === "/<script>alert(1)</script>|`x`") return 1 } }',
    '{ "name": "<img src=x onerror=1>", "main": "src/index.ts" }',
  )
  const html = renderHtml([result])
  assert.doesNotMatch(html, /<script|<img/)
  assert.match(html, /&lt;script&gt;/)
  assert.doesNotMatch(renderMarkdown([result]), /<script|<img/)
})

test('source of any kind is read or said to be unreadable; nothing is thrown', async () => {
  const pieces = fc.constantFrom(
    'export default {',
    'fetch(request, env, ctx) {',
    '}',
    '{',
    '(',
    ')',
    '[',
    ']',
    ';',
    'const a = b',
    'a = b',
    'b = a',
    'const { x } = env',
    'env.KV.put(1)',
    'url.pathname ===',
    '"/x"',
    'app.get("/x", h)',
    'new Hono()',
    'const app =',
    'class A extends B {',
    '`${',
    '`',
    '/*',
    '<div>',
    'import a from "./index"',
    'export * from "./index"',
    '?.',
    'await',
    'switch (pathname) { case "x":',
    'as any',
    '\u2028',
    '#!',
  )
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { maxLength: 25 }), fc.constantFrom(' ', '\n', ''), async (all, glue) => {
      await code(all.join(glue))
    }),
    { numRuns: 300 },
  )
  for (const deep of [
    '['.repeat(50_000),
    `${'a.b('.repeat(5_000)}${')'.repeat(5_000)}`,
    `x = ${'!'.repeat(100_000)}1`,
    `a${'.b'.repeat(50_000)}`,
    'x'.repeat(3 * 1024 * 1024),
  ])
    await code(deep)
})
