import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { list } from 'tar'
import type { BundleRequest, DeployEvent, DeployRequest } from '../../../src/protocol/kante-api.ts'
import { kanteLauncher, run, type CommandResult } from '../../testkit/command.ts'
import { cleanEnvironment } from '../../testkit/platform.ts'

/** A platform's API, as far as launch and deploy use it, and what it was asked. */
export interface FakePlatform extends AsyncDisposable {
  readonly apps: Set<string>
  readonly bundles: BundleRequest[]
  readonly deploys: DeployRequest[]
  /** Digest → paths of the layers that were uploaded. */
  readonly layers: Map<string, readonly string[]>
  readonly eventRequests: number[]
  readonly script: {
    ends: 'complete' | 'failed'
    /** The event after which the stream breaks off, once. */
    breaksAfter: number | undefined
    /** The event stream stays open after its events. */
    isEndless: boolean
    /** Output of an installation that fails. */
    installOutput: string | undefined
  }
  readonly env: NodeJS.ProcessEnv
  project(name: string, files: Readonly<Record<string, string>>): Promise<string>
  kante(dir: string, ...args: readonly string[]): Promise<CommandResult>
}

export async function openFakePlatform(): Promise<FakePlatform> {
  const home = await mkdtemp(join(tmpdir(), 'kante-launch-'))
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      answer(fake, request, response, Buffer.concat(parts)).catch((error: unknown) =>
        json(response, 500, { error: String(error), status: 'internal' }),
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const env = { ...cleanEnvironment(), KANTE_HOME: home, KANTE_API: address, KANTE_API_TOKEN: 'token-of-a-test' }
  const fake: FakePlatform = {
    apps: new Set(),
    bundles: [],
    deploys: [],
    layers: new Map(),
    eventRequests: [],
    script: { ends: 'complete', breaksAfter: undefined, isEndless: false, installOutput: undefined },
    env,
    project: async (name, files) => {
      const dir = join(home, name)
      await mkdir(dir, { recursive: true })
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(dir, path)), { recursive: true })
        await writeFile(join(dir, path), text)
      }
      return dir
    },
    kante: (dir, ...args) => run(kanteLauncher, args, { cwd: dir, env }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(home, { recursive: true, force: true })
    },
  }
  return fake
}

const regionOf = (code: string) => ({
  code,
  name: code,
  host: code,
  runtime: 'process',
  edgeUrl: '',
  edge: 'ok',
  status: 'ok',
  machines: 0,
  started: 0,
})
const platform = {
  version: '0',
  startedAt: '',
  pid: 1,
  home: '',
  domain: 'localhost',
  apiAddress: '',
  store: '',
  regions: ['fra', 'cdg'].map(regionOf),
}
const events: readonly DeployEvent[] = [
  { seq: 1, at: '', kind: 'plan', message: 'one machine to create' },
  { seq: 2, at: '', kind: 'machine', message: 'm1 (fra) is up', machine: 'm1' },
  { seq: 3, at: '', kind: 'done', message: 'all is done' },
]

async function answer(fake: FakePlatform, request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://fake')
  const route = `${request.method} ${url.pathname.replace(/^\/v1\/(?:kante\/)?/, '')}`
  const read = () => JSON.parse(body.toString()) as unknown
  const status = { id: 'd1', app: 'a', version: 1, image: 'i', startedAt: '' }
  const ended = { ...status, status: fake.script.ends, ...(fake.script.ends === 'failed' ? { error: 'm1 in fra: exit code 1' } : {}) }
  if (route === 'GET platform') return json(response, 200, platform)
  if (route === 'GET whoami') return json(response, 200, { token: 't', org: 'personal', kind: 'owner' })
  if (route === 'POST apps') {
    const { name } = read() as { name: string }
    if (fake.apps.has(name)) return json(response, 422, { error: `Name has already been taken: ${name}`, status: 'name_taken', kind: 'conflict' })
    fake.apps.add(name)
    return json(response, 201, { name, organization: { slug: 'personal' } })
  }
  const [, method = '', noun = '', name = '', rest = ''] = /^(\w+) (\w+)\/([^/]+)\/?(.*)$/.exec(route) ?? []
  if (noun === 'layers' && method === 'HEAD') return json(response, fake.layers.has(name) ? 200 : 404, undefined)
  if (noun === 'layers' && method === 'PUT') {
    const found = `sha256:${createHash('sha256').update(body).digest('hex')}`
    if (found !== name) return json(response, 400, { error: `digest ${found}`, status: 'layer_mismatch' })
    fake.layers.set(name, await pathsOf(body))
    return json(response, 201, {})
  }
  if (!fake.apps.has(name)) return json(response, 404, { error: `app not found: ${name}`, status: 'app_not_found', kind: 'not_found' })
  if (rest === '') return json(response, 200, { name })
  if (rest === 'status') return json(response, 200, { urls: [{ region: 'fra', url: `http://${name}.localhost:8080` }] })
  if (rest === 'deploys/d1/cancel') return json(response, 409, { error: 'it has changed machines already', status: 'deploy_begun', kind: 'conflict' })
  if (rest === 'deploys/d1') return json(response, 200, { ...ended, app: name })
  if (rest === 'deploys') {
    fake.deploys.push(read() as DeployRequest)
    return json(response, 202, { ...status, app: name, status: 'running' })
  }
  if (rest === 'bundles') {
    fake.bundles.push(read() as BundleRequest)
    const output = fake.script.installOutput
    const last =
      output === undefined
        ? { type: 'done', image: 'bundle@sha256:1', digest: 'sha256:1' }
        : { type: 'failed', status: 'install_failed', error: 'npm ci failed', output }
    return lines(response, [{ type: 'progress', message: 'dependencies: installing' }, last])
  }
  if (rest === 'deploys/d1/events') {
    const after = Number(url.searchParams.get('after'))
    const cut = fake.script.breaksAfter
    fake.eventRequests.push(after)
    fake.script.breaksAfter = undefined
    const told = events.filter(({ seq }) => seq > after && seq <= (cut ?? Infinity))
    return lines(response, told, fake.script.isEndless ? 'open' : cut === undefined ? 'end' : 'break')
  }
  return json(response, 404, { error: `no such path: ${route}`, status: 'route_not_found', kind: 'not_found' })
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(value === undefined ? undefined : JSON.stringify(value))
}
function lines(response: ServerResponse, values: readonly object[], then: 'end' | 'break' | 'open' = 'end'): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  const text = values.map((value) => `${JSON.stringify(value)}\n`).join('')
  if (then === 'end') response.end(text)
  else response.write(text, () => then === 'break' && response.destroy())
}
async function pathsOf(layer: Buffer): Promise<readonly string[]> {
  const paths: string[] = []
  const reading = list({ onReadEntry: (entry) => void paths.push(entry.path) })
  await new Promise<void>((resolve, reject) => {
    reading.on('end', resolve).on('error', reject)
    reading.end(layer)
  })
  return paths
}
