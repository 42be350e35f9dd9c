import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { fault } from '../../../src/model/fault/fault.ts'
import type { MachineId } from '../../../src/model/ids.ts'
import type { DeployStatus, RegionPool, RegionsReply, ResizeReply, ScaleReply } from '../../../src/protocol/kante-api.ts'
import { openTestControl, type TestControl } from './open-test-control.ts'

const check = { type: 'http', port: 8080, path: '/', interval: '15s', timeout: '2s' }
const service = { internal_port: 8080, protocol: 'tcp', ports: [{ port: 80, handlers: ['http'] }], checks: [check] }
interface Machine {
  readonly id: MachineId
  readonly region: string
  readonly state: string
  readonly instance_id: string
  readonly config: { readonly guest?: { readonly cpus: number; readonly memory_mb: number }; readonly env: Record<string, string> }
}

let at: TestControl
beforeEach(async () => {
  at = await openTestControl({ regions: ['fra', 'cdg', 'iad'] })
  await at.ok('POST', '/v1/apps', { name: 'web' })
})
afterEach(() => at[Symbol.asyncDispose]())

async function deploy(groups: object = { app: { env: {}, services: [service] } }, more: object = {}): Promise<DeployStatus> {
  const { id } = await at.ok<DeployStatus>('POST', '/v1/kante/apps/web/deploys', {
    image: 'example/web:1',
    groups,
    primaryRegion: 'fra',
    ha: false,
    waitTimeoutMs: 2000,
    ...more,
  })
  await at.call('GET', `/v1/kante/apps/web/deploys/${id}/events`)
  return at.ok<DeployStatus>('GET', `/v1/kante/apps/web/deploys/${id}`)
}
const machines = () => at.ok<readonly Machine[]>('GET', '/v1/apps/web/machines')
const perRegion = async () => {
  const counts: Record<string, number> = {}
  for (const { region } of await machines()) counts[region] = (counts[region] ?? 0) + 1
  return counts
}
const scale = (body: object) => at.ok<ScaleReply>('POST', '/v1/kante/apps/web/scale', body)
const regions = (action: string, ...names: string[]) => at.ok<RegionsReply>('POST', '/v1/kante/apps/web/regions', { action, regions: names })
const orders = () => {
  const seen: string[] = []
  for (const host of at.hosts) host.onOrder = (call, id) => void seen.push(`${call} ${id}`)
  return seen
}

describe('scale count', () => {
  test('takes a change as well as a count, over the regions that it is for', async () => {
    await deploy()
    await scale({ change: 3 })
    assert.deepEqual(await perRegion(), { fra: 4 })
    await scale({ change: 2, regions: ['cdg'] })
    assert.deepEqual(await perRegion(), { fra: 4, cdg: 2 })
    await scale({ change: -1 })
    assert.equal((await machines()).length, 5)
    const answer = await at.call('POST', '/v1/kante/apps/web/scale', { change: -9 })
    assert.deepEqual([answer.status, answer.body.status], [400, 'invalid_value'])
    assert.equal((await at.call('POST', '/v1/kante/apps/web/scale', { change: 1, count: 1 })).status, 400)
  })
  test('makes all or none: what was made goes again when one cannot be', async () => {
    await deploy()
    let made = 0
    at.host.onOrder = (call) => {
      if (call === 'create' && ++made === 3) throw fault('insufficient_capacity', { region: 'fra', reason: 'full' })
    }
    const answer = await at.call('POST', '/v1/kante/apps/web/scale', { count: 6 })
    assert.equal(answer.body.status, 'insufficient_capacity')
    assert.equal((await machines()).length, 1)
    assert.equal(made, 5)
  })
  test('from none it gives new machines the size that is asked', async () => {
    await deploy()
    await scale({ count: 0 })
    await scale({ count: 2, vm: { size: 'shared-cpu-2x', memoryMb: 1024 } })
    assert.deepEqual(
      (await machines()).map(({ config }) => [config.guest?.cpus, config.guest?.memory_mb]),
      [
        [2, 1024],
        [2, 1024],
      ],
    )
  })
  test('names a region without a host', async () => {
    await deploy()
    const answer = await at.call('POST', '/v1/kante/apps/web/scale', { count: 2, regions: ['nrt'] })
    assert.deepEqual([answer.body.status, answer.body.error], ['no_host_in_region', 'no host in region nrt; this platform has fra, cdg, iad'])
  })
})

describe('regions', () => {
  test('start as those where the app has machines, else its primary region', async () => {
    const pool = () => at.ok<RegionPool>('GET', '/v1/kante/apps/web/regions')
    assert.deepEqual(
      (await pool()).regions.map(({ code }) => code),
      ['fra'],
    )
    await deploy(undefined, { primaryRegion: 'cdg' })
    await scale({ count: 2, regions: ['iad'] })
    assert.deepEqual(await pool(), {
      isSet: false,
      regions: [
        { code: 'cdg', name: 'Paris, France', machines: 1 },
        { code: 'iad', name: 'Ashburn, Virginia (US)', machines: 2 },
      ],
      backup: [],
    })
  })
  test('added and removed keep the total: new machines answer before old ones are drained and end', async () => {
    await deploy()
    await scale({ count: 4 })
    const seen = orders()
    const { created, destroyed, pool } = await regions('add', 'fra', 'cdg')
    assert.deepEqual([await perRegion(), pool.isSet], [{ fra: 2, cdg: 2 }, true])
    assert.deepEqual(
      created.map(({ region }) => region),
      ['cdg', 'cdg'],
    )
    const firstEnd = seen.findIndex((call) => call.startsWith('drain') || call.startsWith('destroy'))
    assert.ok(seen.slice(0, firstEnd).filter((call) => call.startsWith('create')).length === 2, seen.join())
    for (const { id } of destroyed) assert.ok(seen.indexOf(`drain ${id}`) < seen.indexOf(`destroy ${id}`) && seen.includes(`drain ${id}`))

    await regions('remove', 'fra')
    assert.deepEqual(await perRegion(), { cdg: 4 })
    await regions('set', 'fra', 'cdg', 'iad')
    assert.deepEqual(await perRegion(), { fra: 1, cdg: 2, iad: 1 })
  })
  test('set are what scale count spreads over; a region outside of them is refused', async () => {
    await deploy()
    await regions('set', 'fra', 'cdg')
    assert.deepEqual((await scale({ count: 5 })).counts, { fra: 3, cdg: 2 })
    await scale({ count: 2 })
    assert.deepEqual(await perRegion(), { fra: 1, cdg: 1 })
    assert.equal((await at.call('POST', '/v1/kante/apps/web/scale', { count: 2, regions: ['iad'] })).body.status, 'region_not_in_pool')
    await scale({ count: 3, regions: ['cdg'] })
    assert.deepEqual(await perRegion(), { fra: 1, cdg: 3 })
  })
  test('stay as they were when the new machines do not answer', async () => {
    await deploy()
    await scale({ count: 2 })
    const before = await machines()
    for (const host of at.hosts) host.survives = () => false
    const answer = await at.call('POST', '/v1/kante/apps/web/regions', { action: 'set', regions: ['cdg'] })
    assert.equal(answer.body.status, 'scale_failed')
    assert.deepEqual(
      (await machines()).map(({ id }) => id),
      before.map(({ id }) => id),
    )
    assert.equal((await at.ok<RegionPool>('GET', '/v1/kante/apps/web/regions')).isSet, false)
  })
  test('refuse to become none, to lose what they do not have, and regions without a host', async () => {
    await deploy()
    const refusal = async (action: string, ...names: string[]) =>
      (await at.call('POST', '/v1/kante/apps/web/regions', { action, regions: names })).body.status as string
    assert.deepEqual(
      [await refusal('remove', 'fra'), await refusal('remove', 'cdg'), await refusal('add', 'nrt'), await refusal('set')],
      ['last_region', 'region_not_in_pool', 'no_host_in_region', 'invalid_body'],
    )
  })
  test('of backup take the machines of a region whose host does not answer, the nearest first', async () => {
    await deploy()
    await regions('set', 'fra')
    await regions('backup', 'iad', 'cdg')
    await scale({ count: 1 })
    at.host.isReachable = false
    await scale({ count: 2 })
    at.host.isReachable = true
    assert.deepEqual(await perRegion(), { fra: 1, cdg: 1 })
  })
  test('go with the app', async () => {
    await deploy()
    await regions('set', 'cdg')
    await at.ok('DELETE', '/v1/apps/web?force=true')
    await at.ok('POST', '/v1/apps', { name: 'web' })
    assert.equal((await at.ok<RegionPool>('GET', '/v1/kante/apps/web/regions')).isSet, false)
  })
})

describe('scale vm and scale memory', () => {
  const resize = (vm: object) => at.ok<ResizeReply>('POST', '/v1/kante/apps/web/resize', { vm })

  test('change machines in place, one after the other, each drained and through its gates first', async () => {
    await deploy()
    await scale({ count: 2 })
    const before = await machines()
    const seen = orders()
    const { guest, machines: changed } = await resize({ size: 'shared-cpu-2x' })
    assert.deepEqual([guest.cpus, guest.memory_mb, changed.length], [2, 512, 2])
    const after = await machines()
    assert.deepEqual(
      after.map(({ id, state, config }) => [id, state, config.guest?.cpus]),
      before.map(({ id }) => [id, 'started', 2]),
    )
    assert.deepEqual(
      seen,
      before.flatMap(({ id }) => [`drain ${id}`, `update ${id}`, `start ${id}`]),
    )
    await resize({ memoryMb: 1024 })
    assert.deepEqual(
      (await machines()).map(({ config }) => [config.guest?.cpus, config.guest?.memory_mb]),
      [
        [2, 1024],
        [2, 1024],
      ],
    )
    assert.deepEqual((await resize({ memoryMb: 1024 })).machines, [], 'what has the size already is left alone')
  })
  test('are kept by later deploys, unless fly.toml says a size', async () => {
    await deploy()
    await resize({ size: 'shared-cpu-4x' })
    await deploy({ app: { env: { V: '2' }, services: [service] } })
    const [kept] = await machines()
    assert.deepEqual([kept?.config.env['V'], kept?.config.guest?.cpus], ['2', 4])
    await deploy({ app: { env: {}, services: [service], guest: { cpu_kind: 'shared', cpus: 1, memory_mb: 256 } } })
    assert.equal((await machines())[0]?.config.guest?.cpus, 1)
  })
  test('leave a machine that does not run where it is', async () => {
    await deploy()
    const [only] = await machines()
    await at.ok('POST', `/v1/apps/web/machines/${only!.id}/stop`)
    await resize({ memoryMb: 512 })
    assert.deepEqual(
      (await machines()).map(({ state, config }) => [state, config.guest?.memory_mb]),
      [['stopped', 512]],
    )
  })
  test('give every machine its former size again when one does not come up with the new one', async () => {
    await deploy()
    await scale({ count: 2 })
    const [, second] = await machines()
    at.host.survives = (config) => config.guest?.memory_mb !== 512 || at.host.calls.filter((call) => call === `update ${second!.id}`).length === 0
    const answer = await at.call('POST', '/v1/kante/apps/web/resize', { vm: { memoryMb: 512 } })
    assert.equal(answer.body.status, 'scale_failed')
    at.host.survives = () => true
    assert.deepEqual(
      (await machines()).map(({ state, config }) => [state, config.guest]),
      [
        ['started', undefined],
        ['started', undefined],
      ],
    )
  })
  test('refuse what is no size, and a group without machines', async () => {
    await deploy()
    assert.equal((await at.call('POST', '/v1/kante/apps/web/resize', { vm: { size: 'huge' } })).body.status, 'invalid_value')
    assert.equal((await at.call('POST', '/v1/kante/apps/web/resize', { group: 'worker', vm: { memoryMb: 512 } })).body.status, 'no_machines')
  })
})
