import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readOwner } from '../../../src/host/keeper/keeper-lock.ts'
import type { LayerSource } from '../../../src/host/layer-source.ts'
import { openKeeper, type Keeper } from '../../../src/host/keeper/keeper-client.ts'
import { endOrphans } from '../../../src/host/keeper/orphans.ts'
import { openHostLogs } from '../../../src/host/logs/open-host-logs.ts'
import { openHost, type HostRole } from '../../../src/host/open-host.ts'
import { openProcessRuntime } from '../../../src/host/runtime/process/open-process-runtime.ts'
import { systemClock } from '../../../src/kit/clock.ts'
import { silentLog } from '../../../src/kit/log.ts'
import type { HostRecord } from '../../../src/model/host.ts'
import {
  newInstanceId,
  newMachineId,
  parseAppName,
  parseEdgeId,
  parseHostId,
  parseOrgSlug,
  parseRegionCode,
  type EdgeId,
} from '../../../src/model/ids.ts'
import type { MachineConfig } from '../../../src/model/machine/machine-config.ts'
import type { DesiredMachine } from '../../../src/model/machine/machine-record.ts'
import type { HostMessage } from '../../../src/protocol/edge-session.ts'
import type { MachineOrder } from '../../../src/protocol/host-port.ts'
import type { Store } from '../../../src/store/contract.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts'
import { bundleSource, type BundleSource } from './bundle-source.ts'

export const random = (size: number) => randomBytes(size)
export const edge = parseEdgeId('fra-edge')

export const hostRecord: HostRecord = {
  schema: 1,
  id: parseHostId('fra'),
  region: { code: parseRegionCode('fra'), name: 'Frankfurt', latitude: 50, longitude: 8 },
  runtime: 'process',
  address: 'unix:/none',
  edgeListen: [],
  createdAt: '2026-01-01T00:00:00.000Z',
}

/** A server on PORT that answers its pid and its version. */
export const echoServer = `
require('node:http').createServer((req, res) => {
  if (req.url === '/crash') process.exit(3)
  if (req.url === '/env') return res.end(JSON.stringify(process.env))
  res.end(String(process.pid) + ' ' + process.env.FLY_MACHINE_VERSION)
}).listen(process.env.PORT, process.env.HOST)`

export function orderOf(image: string, config: Partial<MachineConfig> = {}, more: Partial<MachineOrder> = {}): MachineOrder {
  const now = new Date().toISOString()
  const desired: DesiredMachine = {
    schema: 1,
    id: newMachineId(random),
    org: parseOrgSlug('personal'),
    app: parseAppName('web'),
    name: 'calm-sea',
    region: hostRecord.region.code,
    host: hostRecord.id,
    instanceId: newInstanceId(Date.now(), random),
    version: 1,
    config: { image, services: [{ internal_port: 8080, ports: [{ port: 80 }] }], stop_config: { signal: 'SIGTERM', timeout: '2s' }, ...config },
    order: 'accepted',
    createdAt: now,
    updatedAt: now,
  }
  return { desired, org: desired.org, start: true, ...more }
}
/** The next version of an order, under a new instance id. */
export const nextOrder = (order: MachineOrder, config: Partial<MachineConfig>): MachineOrder => ({
  ...order,
  desired: {
    ...order.desired,
    instanceId: newInstanceId(Date.now(), random),
    version: order.desired.version + 1,
    config: { ...order.desired.config, ...config },
  },
})

export interface HostFixture extends AsyncDisposable {
  readonly dir: string
  readonly base: string
  readonly socket: string
  readonly bundles: BundleSource
  readonly host: HostRole
  readonly store: Store
  readonly keeper: Keeper
  /** As a restart of the daemon: everything but the keeper and what it runs is closed and opened again. `between` happens while it is away. */
  restart(between?: () => Promise<unknown>): Promise<void>
}

/** A host as the daemon opens it, in a folder: two in one folder at a time are not possible. */
export async function openHostIn(at: {
  readonly dir: string
  readonly base: string
  readonly bundles: LayerSource
  readonly edges?: readonly EdgeId[]
  /** As on a computer with one loopback address. */
  readonly firstPort?: number
}): Promise<{ readonly keeper: Keeper; readonly store: Store; readonly host: HostRole; readonly close: () => Promise<void> }> {
  const { dir, base, bundles } = at
  const addressRange = at.firstPort === undefined ? { base, bits: 20 } : { mode: 'ports' as const, firstPort: at.firstPort, count: 50 }
  const clock = systemClock
  const log = silentLog
  await using opened = new AsyncDisposableStack()
  const keeper = opened.use(await openKeeper({ clock, log }, { dir, socket: join(dir, 'k.sock'), nodePath: process.execPath }))
  const store = opened.use(await openSqliteStore({ clock, log }, { path: join(dir, 'state.db') }))
  const db = opened.use(await openSqliteStore({ clock, log }, { path: join(dir, 'host.db') }))
  const logs = opened.use(await openHostLogs({ clock, log }, { dir: join(dir, 'logs'), region: hostRecord.region.code }))
  const runtime = opened.use(
    await openProcessRuntime(
      { keeper, layers: bundles, clock, log },
      { dir, nodePath: process.execPath, path: '/usr/local/bin:/usr/bin:/bin', addressMode: at.firstPort === undefined ? 'own' : 'ports' },
    ),
  )
  const host = opened.use(
    await openHost(
      { db, store, runtime, logs, clock, random, log },
      { record: hostRecord, addressRange, edges: () => at.edges ?? [], runtimeName: 'process' },
    ),
  )
  await host.listen(join(dir, 'h.sock'))
  const owned = opened.move()
  return { keeper, store, host, close: () => owned.disposeAsync() }
}

export async function openHostFixture(
  options: { readonly edges?: readonly EdgeId[]; readonly bundles?: BundleSource; readonly firstPort?: number } = {},
): Promise<HostFixture> {
  const dir = await mkdtemp(join(tmpdir(), 'kante-h-'))
  const bundles = options.bundles ?? bundleSource()
  // Each test's machines live in a range of their own: tests run at the same time.
  const [high = 0, low = 0] = random(2)
  const base = `127.${128 + (high % 100)}.${(low % 16) * 16}.0`
  const open = () => openHostIn({ ...options, dir, base, bundles })
  let current = await open()
  return {
    dir,
    base,
    socket: join(dir, 'h.sock'),
    bundles,
    get host() {
      return current.host
    },
    get store() {
      return current.store
    },
    get keeper() {
      return current.keeper
    },
    async restart(between) {
      await current.close()
      await between?.()
      current = await open()
    },
    async [Symbol.asyncDispose]() {
      await current.host[Symbol.asyncDispose]()
      if (readOwner(dir) !== undefined) await current.keeper.call('shutdown', {}).catch(() => undefined)
      await current.close()
      await endOrphans(dir)
      await rm(dir, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

/** One HTTP request on a unix socket. */
export function post(socket: string, path: string, body: unknown): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ socketPath: socket, path, method: 'POST' }, (response) => {
      text(response).then((answer) => resolve({ status: response.statusCode ?? 0, body: JSON.parse(answer) as Record<string, unknown> }), reject)
    })
    outgoing.once('error', reject)
    outgoing.end(JSON.stringify(body))
  })
}
async function text(response: IncomingMessage): Promise<string> {
  let all = ''
  for await (const chunk of response) all += String(chunk)
  return all
}

export interface TestSession extends Disposable {
  readonly messages: readonly HostMessage[]
}
/** An edge's session; `onMessage` is called for each message. */
export function openSession(socket: string, id: EdgeId, onMessage: (message: HostMessage) => void = () => undefined): Promise<TestSession> {
  return new Promise((resolve, reject) => {
    const messages: HostMessage[] = []
    const outgoing = httpRequest({ socketPath: socket, path: `/v1/edge/session?edge=${id}` }, (response) => {
      let rest = ''
      response.setEncoding('utf8')
      response.on('error', () => undefined)
      response.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) {
          const message = JSON.parse(line) as HostMessage
          messages.push(message)
          onMessage(message)
        }
      })
      resolve({ messages, [Symbol.dispose]: () => outgoing.destroy() })
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}
