import assert from 'node:assert/strict'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { appLeaseKey } from '../../../src/control/deploy/app-lease.ts'
import type { AppName, MachineId } from '../../../src/model/ids.ts'
import type { AutoscaleReply, DeployStatus } from '../../../src/protocol/kante-api.ts'
import { until } from '../../testkit/until.ts'
import { openTestControl, type TestControl } from './open-test-control.ts'

const service = (more: object = {}) => ({
  internal_port: 8080,
  protocol: 'tcp',
  ports: [{ port: 80, handlers: ['http'] }],
  concurrency: { type: 'requests', soft_limit: 10 },
  autostop: true,
  ...more,
})
interface Machine {
  readonly id: MachineId
  readonly region: string
  readonly state: string
}

let at: TestControl
let edges: Edges
beforeEach(async () => {
  at = await openTestControl({
    options: { idleMs: 150, autoscale: { everyMs: 20, pressureMs: 100, restMs: 400, calmMs: 200 } },
  })
  const socket = join(at.dir, 'control.sock')
  await at.control.listenInternal(socket)
  edges = openEdges(socket, ['fra', 'cdg'])
  await at.ok('POST', '/v1/apps', { name: 'web' })
})
afterEach(async () => {
  await edges[Symbol.asyncDispose]()
  await at[Symbol.asyncDispose]()
})

const deploy = async (services: readonly object[] = [service()]) => {
  const groups = { app: { env: {}, services } }
  const { id } = await at.ok<DeployStatus>('POST', '/v1/kante/apps/web/deploys', { image: 'example/web:1', groups, primaryRegion: 'fra', ha: false })
  await at.call('GET', `/v1/kante/apps/web/deploys/${id}/events`)
}
const machines = () => at.ok<readonly Machine[]>('GET', '/v1/apps/web/machines')
const regionsNow = async () =>
  (await machines())
    .map(({ region }) => region)
    .toSorted()
    .join()
const set = (body: object) => at.ok<AutoscaleReply>('PUT', '/v1/kante/apps/web/autoscale', body)
const status = async (method: string, path: string, body?: object) =>
  (await at.call(method, `/v1/kante/apps/web/${path}`, body)).body.status as string

/** Edges that report every 30 ms what a test says they see. */
interface Edges extends AsyncDisposable {
  /** Requests in flight at an edge, shared out evenly among the machines that run. */
  load: Readonly<Record<string, number>>
}
function openEdges(socketPath: string, regions: readonly string[]): Edges {
  const stopping = new AbortController()
  const state: { load: Readonly<Record<string, number>> } = { load: {} }
  const loop = async () => {
    while (!stopping.signal.aborted) {
      const running = (await at.call('GET', '/v1/apps/web/machines')).body as readonly Machine[]
      const started = Array.isArray(running) ? running.filter((machine) => machine.state === 'started') : []
      for (const region of regions) {
        const share = (state.load[region] ?? 0) / Math.max(1, started.length)
        const seen = share === 0 ? [] : started.map(({ id }) => ({ id, inFlight: Math.ceil(share), webSockets: 0, requests: 1 }))
        await post(socketPath, { edge: `${region}-edge`, region, at: 0, machines: seen, apps: [] })
      }
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
  }
  const looping = loop()
  return {
    get load() {
      return state.load
    },
    set load(load) {
      state.load = load
    },
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await looping
    },
  }
}
const post = (socketPath: string, body: object) =>
  new Promise<void>((resolve, reject) => {
    const call = request({ socketPath, method: 'POST', path: '/v1/load', agent: false }, (response) => response.resume().on('end', resolve))
    call.on('error', reject).end(JSON.stringify(body))
  })

describe('autoscale', () => {
  test('keeps bounds per process group, brings the number of machines within them, and turns scale count away', async () => {
    await deploy()
    const { policies, created } = await set({ mode: 'balanced', min: 3, max: 5 })
    assert.deepEqual(policies, [{ group: 'app', mode: 'balanced', min: 3, max: 5, machines: 3 }])
    assert.equal(created.length, 2)
    const answer = await at.call('POST', '/v1/kante/apps/web/scale', { count: 4 })
    assert.deepEqual([answer.status, answer.body.status], [412, 'autoscaled'])
    assert.match(answer.body.hint, /autoscale disable/)
    assert.equal((await set({ min: 1, max: 2 })).destroyed.length, 1)
    assert.deepEqual(await at.ok('DELETE', '/v1/kante/apps/web/autoscale'), { policies: [] })
    await at.ok('POST', '/v1/kante/apps/web/scale', { count: 1 })
  })
  test('refuses bounds that are none, a group without services, and to be turned off twice', async () => {
    await deploy([])
    assert.equal(await status('PUT', 'autoscale', { min: 1, max: 2 }), 'not_autoscaled')
    assert.equal(await status('PUT', 'autoscale', { mode: 'standard', min: 3, max: 2 }), 'invalid_value')
    assert.equal(await status('PUT', 'autoscale', { mode: 'standard', min: 1, max: 2 }), 'invalid_value')
    assert.equal(await status('DELETE', 'autoscale'), 'not_autoscaled')
  })
  test('follows load to the region it comes from, and goes back to the minimum when it is over', async () => {
    await deploy()
    await at.ok('POST', '/v1/kante/apps/web/regions', { action: 'set', regions: ['fra', 'cdg'] })
    await set({ mode: 'balanced', min: 1, max: 4 })
    edges.load = { cdg: 25 }
    await until('machines in cdg', async () => (await regionsNow()) === 'cdg,cdg,fra')
    edges.load = {}
    await until('the minimum', async () => (await regionsNow()) === 'fra')
  })
  test('goes up to the maximum and not beyond, and does nothing while a deploy holds the app', async () => {
    await deploy()
    await set({ mode: 'standard', min: 1, max: 3 })
    const holder = { key: appLeaseKey('web' as AppName), value: JSON.stringify({ schema: 1, holder: 'a deploy' }) }
    await at.store.transact({ compare: [], then: [{ op: 'put', ...holder }] })
    edges.load = { fra: 99 }
    await new Promise((resolve) => setTimeout(resolve, 500))
    assert.equal((await machines()).length, 1)
    await at.store.transact({ compare: [], then: [{ op: 'delete', key: holder.key }] })
    await until('the maximum', async () => (await machines()).length === 3)
    await new Promise((resolve) => setTimeout(resolve, 500))
    assert.equal((await machines()).length, 3)
  })
  test('where autostop is off it stops what is not needed before it destroys it', async () => {
    await deploy([service({ autostop: false })])
    await set({ mode: 'balanced', min: 1, max: 3 })
    edges.load = { fra: 28 }
    await until('three machines', async () => (await machines()).length === 3)
    edges.load = {}
    await until('the minimum', async () => (await machines()).length === 1)
    assert.equal((await machines())[0]?.state, 'started')
    assert.equal(at.host.calls.filter((call) => call.startsWith('drain')).length, 2)
  })
  test('goes on with the control that comes after', async () => {
    await deploy()
    await set({ mode: 'balanced', min: 1, max: 2 })
    await edges[Symbol.asyncDispose]()
    await at.reopen()
    const socket = join(at.dir, 'control.sock')
    await at.control.listenInternal(socket)
    edges = openEdges(socket, ['fra', 'cdg'])
    edges.load = { fra: 30 }
    await until('the second machine', async () => (await machines()).length === 2)
  })
})
