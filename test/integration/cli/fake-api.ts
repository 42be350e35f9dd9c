import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cleanEnvironment } from '../../testkit/platform.ts'
import { kanteLauncher, run, type CommandOptions, type CommandResult } from '../../testkit/command.ts'

export interface Seen {
  readonly method: string
  readonly url: string
  readonly authorization: string | undefined
  readonly body: string
}
export type Answerer = (request: IncomingMessage, response: ServerResponse, body: string) => void

/** A platform's API as a client sees it, and the real `kante` pointed at it. */
export interface FakeApi extends AsyncDisposable {
  readonly home: string
  readonly address: string
  readonly seen: Seen[]
  /** `METHOD /path` without query → its answer. */
  on(route: string, answer: Answerer | object): void
  kante(args: readonly string[], options?: CommandOptions): Promise<CommandResult>
  readonly env: NodeJS.ProcessEnv
}

export async function openFakeApi(): Promise<FakeApi> {
  const home = await mkdtemp(join(tmpdir(), 'kante-cli-'))
  const answers = new Map<string, Answerer>()
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (part: string) => (body += part))
    request.on('end', () => {
      seen.push({ method: request.method ?? '', url: request.url ?? '', authorization: request.headers.authorization, body })
      const answer = answers.get(`${request.method} ${(request.url ?? '').split('?')[0]}`)
      if (answer) answer(request, response, body)
      else sendJson(response, 404, { error: `no such path: ${request.method} ${request.url}`, status: 'route_not_found', kind: 'not_found' })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const env = { ...cleanEnvironment(), KANTE_HOME: home, KANTE_API: address, KANTE_API_TOKEN: 'token-of-a-test' }
  const api: FakeApi = {
    home,
    address,
    seen,
    env,
    on: (route, answer) => {
      answers.set(route, typeof answer === 'function' ? (answer as Answerer) : (_request, response) => sendJson(response, 200, answer))
    },
    kante: (args, options = {}) => run(kanteLauncher, args, { ...options, env: { ...env, ...options.env } }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(home, { recursive: true, force: true })
    },
  }
  api.on('GET /v1/kante/whoami', { token: 'local', org: 'personal', kind: 'owner' })
  return api
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'fly-request-id': 'request-7' })
  response.end(JSON.stringify(value))
}

export const machineJson = (id: string, more: object = {}) => ({
  id,
  name: `machine-${id.slice(0, 4)}`,
  state: 'started',
  region: 'fra',
  instance_id: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  version: 1,
  private_ip: 'fdaa:0:1::2',
  image_ref: { registry: '', repository: 'web', tag: '', digest: '', labels: null },
  config: {
    image: 'bundle@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
    guest: { cpu_kind: 'shared', cpus: 1, memory_mb: 256 },
    metadata: { fly_process_group: 'app' },
    an_unknown_key: [1, { two: 3 }],
  },
  events: [],
  checks: [],
  host_status: 'ok',
  cordoned: false,
  created_at: '2026-01-02T03:04:05Z',
  updated_at: '2026-01-02T03:04:05Z',
  ...more,
})
export const writeFlyToml = (folder: string, app: string): Promise<void> => writeFile(join(folder, 'fly.toml'), `app = "${app}"\n`)
