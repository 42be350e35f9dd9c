import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kanteLauncher, run, type CommandOptions, type CommandResult } from './command.ts'

/** A whole platform of a test's own: real daemon, keepers and edges, in a temporary home, on free ports. */
export interface TestPlatform extends AsyncDisposable {
  readonly home: string
  readonly apiPort: number
  readonly regions: readonly string[]
  /** The edge's port of a region. */
  edgePort(region: string): number
  token(): Promise<string>
  daemonPid(): Promise<number>
  /** Runs `kante …` against this platform; fails on a non-zero exit unless `mayFail`. */
  kante(args: readonly string[], options?: CommandOptions & { readonly mayFail?: boolean }): Promise<CommandResult>
  json<T>(args: readonly string[], options?: CommandOptions): Promise<T>
  /** Calls the API. */
  api<T>(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: T }>
  up(extra?: readonly string[]): Promise<void>
  /** `kante down`; data stays. */
  down(): Promise<void>
}

export interface PlatformOptions {
  readonly regions?: readonly string[]
  readonly flags?: readonly string[]
  readonly start?: boolean
  /** Instead of a temporary folder; its maker removes it. */
  readonly home?: string
  /** Another `kante` than the checkout's. */
  readonly launcher?: string
}

export async function openTestPlatform(options: PlatformOptions = {}): Promise<TestPlatform> {
  const regions = options.regions ?? ['fra', 'cdg', 'iad']
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'kante-test-')))
  const [apiPort, httpPort] = await freePorts(regions.length)
  const env = { ...cleanEnvironment(), KANTE_HOME: home }
  const kante: TestPlatform['kante'] = async (args, more = {}) => {
    const result = await run(options.launcher ?? kanteLauncher, args, { ...more, env: { ...env, ...more.env } })
    if (result.code !== 0 && more.mayFail !== true)
      throw new Error(`kante ${args.join(' ')}: exit ${result.code}\n${result.stdout}\n${result.stderr}${await daemonLog(home)}`)
    return result
  }
  const platform: TestPlatform = {
    home,
    apiPort,
    regions,
    edgePort: (region) => {
      const index = regions.indexOf(region)
      if (index < 0) throw new Error(`no region ${region} in this platform`)
      return httpPort + index
    },
    token: async () => (await readFile(join(home, 'token'), 'utf8')).trim(),
    daemonPid: async () => (JSON.parse(await readFile(join(home, 'kanted.pid'), 'utf8')) as { pid: number }).pid,
    kante,
    json: async <T>(args: readonly string[], more?: CommandOptions) => JSON.parse((await kante([...args, '--json'], more)).stdout) as T,
    api: async <T>(method: string, path: string, body?: unknown) => {
      const response = await fetch(`http://127.0.0.1:${apiPort}${path}`, {
        method,
        headers: { authorization: `Bearer ${await platform.token()}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as T }
    },
    up: async (extra = []) => {
      await kante([
        'up',
        '--detach',
        '--regions',
        regions.join(','),
        '--api-port',
        String(apiPort),
        '--http-port',
        String(httpPort),
        ...(options.flags ?? []),
        ...extra,
      ])
    },
    down: async () => {
      await kante(['down'])
    },
    [Symbol.asyncDispose]: async () => {
      await kante(['down', '--purge', '--yes'], { mayFail: true })
      await rm(home, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  if (options.start !== false) {
    try {
      await platform.up()
    } catch (error) {
      await platform[Symbol.asyncDispose]()
      throw error
    }
  }
  return platform
}

/** What a test's shell carries must not steer the platform under test. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = { ...process.env }
  for (const name of Object.keys(kept)) if (/^(KANTE_|FLY_|NODE_OPTIONS$|NODE_TEST)/.test(name)) delete kept[name]
  return kept
}

/** The API's port, then the first of `count` neighbouring ports, all free on both loopbacks just now. */
async function freePorts(count: number): Promise<readonly [number, number]> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const base = 20_000 + Math.floor(Math.random() * 10_000)
    const wanted = Array.from({ length: count + 1 }, (_, index) => base + index)
    const free = await Promise.all(wanted.flatMap((port) => [isFree('127.0.0.1', port), isFree('::1', port)]))
    if (free.every(Boolean)) return [base, base + 1]
  }
  throw new Error('no free ports')
}

const isFree = (host: string, port: number) =>
  new Promise<boolean>((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRNOTAVAIL'))
    server.listen({ host, port }, () => server.close(() => resolve(true)))
  })

async function daemonLog(home: string): Promise<string> {
  const text = await readFile(join(home, 'logs', 'kanted.log'), 'utf8').catch(() => '')
  return text === '' ? '' : `\n--- kanted.log\n${text.slice(-4000)}`
}
