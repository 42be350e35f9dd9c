import type { Place } from '../code/read-program.ts'
import type { SignalId } from '../code/module-facts.ts'
import type { ConfigLine } from '../config/wrangler-config.ts'
import type { FeatureId } from './features.ts'

/** What the rules look at. */
export interface RuleFacts {
  has(feature: FeatureId): boolean
  placesOf(feature: FeatureId): readonly Place[]
  signal(id: SignalId): readonly Place[]
  /** Imports of packages whose name fits. */
  packages(pattern: RegExp): readonly { readonly name: string; readonly places: readonly Place[] }[]
  readonly configFile: string | undefined
  readonly cpuMs: ConfigLine | undefined
  readonly crons: readonly ConfigLine[]
  readonly logs: readonly ConfigLine[]
  readonly variables: number
  readonly docker: readonly Place[]
  readonly assets: { readonly files: number; readonly largestBytes: number; readonly largest: string | undefined }
  readonly isOnlyAssets: boolean
  /** Whether the environment as a whole goes to a package. */
  readonly isHandedOn: boolean
}
export interface RuleHit {
  readonly strength: 'strong' | 'weak'
  readonly text: string
  readonly places: readonly Place[]
}
/** One row of the table that decides; `docs/reference/worker-rules.md` is made from it. */
export interface Rule {
  readonly id: string
  readonly side: 'stay' | 'move'
  readonly title: string
  readonly looksAt: string
  /** Cloudflare's limit, free / paid; '' where none is meant. */
  readonly limit: string
  /** Page below developers.cloudflare.com, or what else says so. */
  readonly source: string
  readonly find: (facts: RuleFacts) => RuleHit | undefined
}

const strong = (text: string, places: readonly Place[]): RuleHit => ({ strength: 'strong', text, places })
const weak = (text: string, places: readonly Place[]): RuleHit => ({ strength: 'weak', text, places })
const limits = 'workers/platform/limits'
const stateful: readonly FeatureId[] = ['d1', 'durable-objects', 'workflows', 'hyperdrive', 'queues']
const holdsState = (facts: RuleFacts) =>
  stateful.some((feature) => facts.has(feature)) ||
  facts.signal('kv-write').length > 0 ||
  facts.signal('r2-write').length > 0 ||
  facts.signal('socket-state').length > 0
const named = (found: readonly { readonly name: string }[]) => found.map((each) => each.name).join(', ')
const placesOf = (found: readonly { readonly places: readonly Place[] }[]) => found.flatMap((each) => each.places)

const heavy =
  /^(pdf-lib|pdfkit|jspdf|pdfmake|@react-pdf\/.*|pdfjs-dist|unpdf|sharp|jimp|@jimp\/.*|@cf-wasm\/.*|@silvia-odwyer\/photon.*|@resvg\/.*|satori|workers-og|@vercel\/og|canvas|@napi-rs\/canvas|ffmpeg.*|@ffmpeg\/.*|fluent-ffmpeg|tesseract\.js|xlsx|exceljs|docx|mammoth|archiver|jszip|puppeteer|playwright.*|@xenova\/transformers|@huggingface\/transformers|onnxruntime.*|@tensorflow\/.*|@jsquash\/.*|qrcode-reader|libvips.*|wasm-vips)$/
const databases =
  /^(pg|postgres|mysql2?|mariadb|@neondatabase\/serverless|@planetscale\/database|@libsql\/client.*|@tursodatabase\/.*|mongodb|mongoose|@supabase\/supabase-js|@prisma\/client|@databases\/.*|cassandra-driver|neo4j-driver|mssql|tedious)$/
const redis = /^(redis|ioredis|@upstash\/redis|@redis\/client|@upstash\/ratelimit)$/

export const rules: readonly Rule[] = [
  {
    id: 'stay-transform',
    side: 'stay',
    title: 'light, stateless request transforms',
    looksAt: 'HTMLRewriter or changed headers, and no binding that keeps state',
    limit: '',
    source: 'the work fits a Worker’s limits',
    find: (facts) => {
      const places = [...facts.placesOf('html-rewriter'), ...facts.signal('header-transform')]
      return !holdsState(facts) && places.length > 0 && !facts.has('node-compat')
        ? (facts.has('html-rewriter') ? strong : weak)('it changes requests or answers on their way and keeps nothing', places)
        : undefined
    },
  },
  {
    id: 'stay-auth',
    side: 'stay',
    title: 'auth middleware and token checks',
    looksAt: 'Authorization, JWT libraries, crypto.subtle.verify, Access tokens, and no binding that keeps state',
    limit: '',
    source: 'the work fits a Worker’s limits',
    find: (facts) => {
      const places = [...facts.signal('auth'), ...facts.placesOf('access-jwt')]
      if (holdsState(facts) || places.length === 0) return undefined
      return facts.signal('fetch-pass-through').length > 0
        ? strong('it checks who asks and passes the request on', places)
        : weak('it checks tokens and keeps nothing', places)
    },
  },
  {
    id: 'stay-proxy',
    side: 'stay',
    title: 'simple API proxies and redirects',
    looksAt: 'fetch(request), redirects, service bindings that only forward; no binding that keeps state',
    limit: '',
    source: 'the work fits a Worker’s limits',
    find: (facts) => {
      const passes = [...facts.signal('fetch-pass-through'), ...facts.signal('redirect')]
      if (holdsState(facts)) return undefined
      if (passes.length > 0) return strong('it passes requests on or redirects them', passes)
      const calls = facts.signal('fetch')
      return calls.length > 0 && calls.length <= 3 && facts.signal('fetch-in-loop').length === 0
        ? weak('it asks an API or two and answers with what they say', calls)
        : undefined
    },
  },
  {
    id: 'stay-cache',
    side: 'stay',
    title: 'edge caching',
    looksAt: 'Cache API, cf options of fetch, Cache-Control, KV whose entries all expire; no other binding that keeps state',
    limit: '',
    source: 'Kante has no network of caches around the world: such a Worker gains least',
    find: (facts) => {
      if (holdsState(facts)) return undefined
      const places = [...facts.placesOf('cache-api'), ...facts.placesOf('cf-fetch-options'), ...facts.signal('kv-expiring-write')]
      if (places.length > 0) return strong('it caches near the visitor', places)
      const headers = facts.signal('cache-header')
      return headers.length > 0 ? weak('it sets how long answers are cached', headers) : undefined
    },
  },
  {
    id: 'stay-static',
    side: 'stay',
    title: 'static files',
    looksAt: 'assets without code, or with code that keeps no state',
    limit: '20,000 / 100,000 files of at most 25 MiB',
    source: limits,
    find: (facts) => {
      if (!facts.has('assets') && !facts.has('sites')) return undefined
      const places = [...facts.placesOf('assets'), ...facts.placesOf('sites')]
      if (facts.isOnlyAssets) return strong('it is nothing but static files, which Cloudflare caches everywhere', places)
      return holdsState(facts) ? undefined : weak('mostly static files, which Cloudflare caches everywhere', places)
    },
  },
  {
    id: 'stay-light',
    side: 'stay',
    title: 'small and stateless',
    looksAt: 'no binding that keeps state, no heavy package',
    limit: 'CPU 10 ms / 30 s per request',
    source: limits,
    find: (facts) =>
      !holdsState(facts) && facts.packages(heavy).length === 0 && !facts.isOnlyAssets
        ? weak('it keeps no state and does nothing heavy', [])
        : undefined,
  },
  {
    id: 'stay-bound',
    side: 'stay',
    title: 'needs what only Cloudflare has',
    looksAt: 'dispatch namespaces, Worker loaders, Workers AI, Vectorize, AI Search',
    limit: '',
    source: 'no equivalent, or another service with other names',
    find: (facts) => {
      const bound = (['dispatch-namespaces', 'worker-loaders'] as const).flatMap((feature) => facts.placesOf(feature))
      if (bound.length > 0) return strong('it hosts or loads other people’s Workers: nothing outside Cloudflare does', bound)
      const services = (['ai', 'vectorize', 'ai-search'] as const).flatMap((feature) => facts.placesOf(feature))
      return services.length > 0 ? weak('its models or indexes are Cloudflare’s: they would have to be replaced', services) : undefined
    },
  },
  {
    id: 'move-cpu',
    side: 'move',
    title: 'CPU time',
    looksAt: 'packages for PDF, images, video, archives, spreadsheets, OCR, models; limits.cpu_ms; password hashes',
    limit: 'CPU per request: 10 ms / 30 s, at most 5 min (limits.cpu_ms ≤ 300,000)',
    source: limits,
    find: (facts) => {
      const found = facts.packages(heavy)
      if (found.length > 0) return strong(`heavy work in a request: ${named(found)}`, placesOf(found))
      if (facts.cpuMs !== undefined && Number(facts.cpuMs.text) > 30_000)
        return strong(`limits.cpu_ms is ${facts.cpuMs.text}: more than the 30 s that are usual`, [
          { file: facts.configFile ?? '', line: facts.cpuMs.line },
        ])
      const hashes = facts.signal('password-hash')
      return hashes.length > 0 ? weak('it derives keys or hashes passwords, more than the 10 ms of the free plan', hashes) : undefined
    },
  },
  {
    id: 'move-run-time',
    side: 'move',
    title: 'long chains and background work',
    looksAt: 'Workflows, queue consumers, fetch in loops, many different calls out, cron',
    limit: 'waitUntil 30 s; cron, queue and alarm 15 min; subrequests 50 / 10,000; 6 connections at once',
    source: limits,
    find: (facts) => {
      const chains = [...facts.placesOf('workflows')]
      if (chains.length > 0) return strong('work in several steps that goes on after the answer', chains)
      const loops = facts.signal('fetch-in-loop')
      if (loops.length > 0 && (facts.crons.length > 0 || facts.has('queues'))) return strong('a job that calls out again and again', loops)
      if (loops.length > 0) return weak('calls out in a loop: subrequests and connections are limited', loops)
      const calls = facts.signal('fetch')
      if (calls.length >= 8) return weak(`${calls.length} different calls out`, calls)
      const jobs = facts.crons.map((cron) => ({ file: facts.configFile ?? '', line: cron.line }))
      return jobs.length > 0 ? weak('scheduled jobs, of 15 minutes at most', jobs) : undefined
    },
  },
  {
    id: 'move-memory',
    side: 'move',
    title: 'memory and size of bodies',
    looksAt: 'bodies read as a whole: request.arrayBuffer(), blob(), formData(); files put into R2',
    limit: '128 MB per isolate; request body 100 MB (Free, Pro), 200 MB (Business)',
    source: limits,
    find: (facts) => {
      const uploads = [...facts.signal('upload'), ...(facts.has('r2') ? facts.signal('form') : [])]
      return uploads.length > 0 ? weak('it takes whole bodies into memory', uploads) : undefined
    },
  },
  {
    id: 'move-database',
    side: 'move',
    title: 'a real database',
    looksAt: 'D1, Hyperdrive, drivers of Postgres, MySQL and others',
    limit: 'D1: 500 MB / 10 GB per database, 50 / 1,000 queries per invocation, rows of 1 MB, 30 s per query',
    source: 'd1/platform/limits',
    find: (facts) => {
      const drivers = facts.packages(databases)
      const places = [...facts.placesOf('d1'), ...facts.placesOf('hyperdrive'), ...placesOf(drivers)]
      return places.length > 0 ? strong('it lives from a relational or other database', places) : undefined
    },
  },
  {
    id: 'move-key-value',
    side: 'move',
    title: 'KV as a database',
    looksAt: 'KV.put without an expiration, KV.delete',
    limit: '1,000 writes a day free; 1 write a second per key; seen elsewhere after up to 60 s',
    source: 'kv/platform/limits',
    find: (facts) => {
      const writes = facts.signal('kv-write')
      if (writes.length > 0) return strong('it keeps its data in KV, which is made for reading', writes)
      return facts.has('kv') && facts.isHandedOn ? weak('KV is handed to a package: what it writes is not seen', facts.placesOf('kv')) : undefined
    },
  },
  {
    id: 'move-redis',
    side: 'move',
    title: 'a full Redis',
    looksAt: 'clients of Redis',
    limit: '6 connections at once, none kept between requests',
    source: limits,
    find: (facts) => {
      const clients = facts.packages(redis)
      return clients.length > 0 ? strong(`it needs Redis: ${named(clients)}`, placesOf(clients)) : undefined
    },
  },
  {
    id: 'move-connections',
    side: 'move',
    title: 'state in the server: WebSockets, Durable Objects, queues',
    looksAt: 'Durable Objects, WebSockets accepted by the Worker itself, Queues',
    limit: 'DO: 5 GB in all / 10 GB an object, message 32 MiB; queue message 128 KB, batch of 100',
    source: 'durable-objects/platform/limits, queues/platform/limits',
    find: (facts) => {
      const places = [...facts.placesOf('durable-objects'), ...facts.signal('socket-state'), ...facts.placesOf('queues')]
      return places.length > 0 ? strong('it keeps state or connections between requests', places) : undefined
    },
  },
  {
    id: 'move-files',
    side: 'move',
    title: 'files',
    looksAt: 'node:fs, child processes; objects put into R2 or deleted from it',
    limit: 'no file system that lasts; R2 objects by API only',
    source: 'workers/runtime-apis/nodejs',
    find: (facts) => {
      const system = facts.signal('file-system')
      if (system.length > 0) return strong('it wants a file system or processes', system)
      const writes = facts.signal('r2-write')
      if (writes.length > 0) return strong('it stores files', writes)
      return facts.has('r2') && facts.isHandedOn
        ? weak('a bucket is handed to a package: what it stores is not seen', facts.placesOf('r2'))
        : undefined
    },
  },
  {
    id: 'move-dsgvo',
    side: 'move',
    title: 'DSGVO: where data and logs go',
    looksAt: 'cookies, client addresses, logins, forms, geo data; logs kept by Cloudflare (observability, logpush)',
    limit: 'every request passes Cloudflare: addresses, cookies, contents',
    source: 'a question for the team: which regions and which logs are wanted',
    find: (facts) => {
      const personal = [
        ...facts.signal('cookie'),
        ...facts.signal('client-address'),
        ...facts.signal('form'),
        ...facts.signal('email-address'),
        ...facts.signal('geo'),
      ]
      if (personal.length === 0) return undefined
      const kinds = [
        facts.signal('cookie').length > 0 ? 'cookies' : '',
        facts.signal('client-address').length > 0 ? 'client addresses' : '',
        facts.signal('form').length > 0 ? 'forms' : '',
        facts.signal('email-address').length > 0 ? 'fields such as email or password' : '',
        facts.signal('geo').length > 0 ? 'places of visitors' : '',
      ].filter((kind) => kind !== '')
      const logs = facts.logs.length > 0 ? '; its logs are kept at Cloudflare' : ''
      return (holdsState(facts) ? strong : weak)(`it handles ${kinds.join(', ')}${holdsState(facts) ? ' and stores data' : ''}${logs}`, personal)
    },
  },
  {
    id: 'move-docker',
    side: 'move',
    title: 'Docker tool chains',
    looksAt: 'a Dockerfile or a compose file, Containers',
    limit: '',
    source: 'the images are there already',
    find: (facts) => {
      if (facts.has('containers')) return strong('part of it is a container already', facts.placesOf('containers'))
      return facts.docker.length > 0 ? strong('there is a Docker image already', facts.docker) : undefined
    },
  },
  {
    id: 'move-server',
    side: 'move',
    title: 'a Node server',
    looksAt: 'node:http servers, Express and other servers run by compatibility',
    limit: '',
    source: 'workers/runtime-apis/nodejs/http',
    find: (facts) => {
      const servers = facts.packages(/^(express|koa|fastify|@nestjs\/core|restify|@hapi\/hapi)$/)
      const places = [...facts.signal('node-server'), ...placesOf(servers)]
      return places.length > 0 ? strong('it is written as a Node server', places) : undefined
    },
  },
  {
    id: 'move-counts',
    side: 'move',
    title: 'counts near their limit',
    looksAt: 'cron triggers, variables, number and size of assets',
    limit: 'crons per account 5 / 250; variables 64 / 128; assets 20,000 / 100,000 files, each 25 MiB',
    source: limits,
    find: (facts) => {
      const at = facts.configFile === undefined ? [] : [{ file: facts.configFile, line: 1 }]
      if (facts.assets.largestBytes > 25 * 1024 * 1024) return weak(`${facts.assets.largest ?? 'an asset'} is larger than 25 MiB`, at)
      if (facts.assets.files > 20_000) return weak(`${facts.assets.files} assets`, at)
      if (facts.variables > 64) return weak(`${facts.variables} variables`, at)
      return facts.crons.length > 5 ? weak(`${facts.crons.length} cron triggers`, at) : undefined
    },
  },
]

/** Plain limits that are worth knowing and decide nothing. */
export const furtherLimits: readonly (readonly [what: string, free: string, paid: string, source: string])[] = [
  ['requests', '100,000 a day', 'no limit', limits],
  ['CPU per invocation', '10 ms', '30 s, up to 5 min by limits.cpu_ms', limits],
  ['wall time', 'no limit while the client is connected; waitUntil 30 s; cron, queue, alarm 15 min', 'the same', limits],
  ['memory per isolate', '128 MB', '128 MB', limits],
  ['subrequests per request', '50', '10,000', limits],
  ['connections at once', '6', '6', limits],
  ['size of a Worker', '64 MiB', '64 MiB', limits],
  ['start-up time', '1 s', '1 s', limits],
  ['variables', '64 of 5 KB', '128 of 5 KB', limits],
  ['Workers per account', '100', '500', limits],
  ['cron triggers per account', '5', '250', limits],
  ['assets', '20,000 files of 25 MiB', '100,000 files of 25 MiB', limits],
  ['request body', '100 MB (Free, Pro), 200 MB (Business)', '500 MB (Enterprise)', limits],
  ['KV', '100,000 reads, 1,000 writes a day; 1 GB', 'value 25 MiB, key 512 B, metadata 1,024 B, 1 write/s per key', 'kv/platform/limits'],
  ['D1', '10 databases of 500 MB; 50 queries per invocation', '50,000 of 10 GB; 1,000 queries per invocation', 'd1/platform/limits'],
  ['Durable Objects', '100 classes, 5 GB', '500 classes, 10 GB per object, message 32 MiB', 'durable-objects/platform/limits'],
  ['Queues', 'message 128 KB, batch 100 or 256 KB', 'the same', 'queues/platform/limits'],
  ['Workflows', '1,024 steps, 1 MiB of state a step, 100 MB per instance', '1 GB per instance, sleep up to 365 days', 'workflows/reference/limits'],
]
