import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { openKeyring } from '../../../src/control/secrets/keyring.ts'
import { masterKeyFile } from '../../../src/control/secrets/master-key.ts'
import { isFault } from '../../../src/model/fault/fault.ts'
import type { AppName, HostId, MachineId } from '../../../src/model/ids.ts'
import type { DesiredMachine } from '../../../src/model/machine/machine-record.ts'
import type { SecretRecord } from '../../../src/model/secret.ts'
import type { DeployStatus } from '../../../src/protocol/kante-api.ts'
import type { SecretList, SecretsReply } from '../../../src/protocol/secrets-api.ts'
import { openTestControl, type TestControl } from './open-test-control.ts'

describe('secrets', () => {
  let at: TestControl
  beforeEach(async () => {
    at = await openTestControl()
    await at.ok('POST', '/v1/apps', { name: 'web' })
  })
  afterEach(() => at[Symbol.asyncDispose]())

  const set = (values: Record<string, string | null>, app = 'web') => at.ok<SecretsReply>('POST', `/v1/apps/${app}/secrets`, { values })
  const list = () => at.ok<SecretList>('GET', '/v1/apps/web/secrets')
  const statuses = async () => Object.fromEntries((await list()).secrets.map(({ name, status }) => [name, status]))
  /** Follows a deploy to its end, by its events. */
  const ended = async ({ id }: DeployStatus) => {
    await at.call('GET', `/v1/kante/apps/web/deploys/${id}/events`)
    return at.ok<DeployStatus>('GET', `/v1/kante/apps/web/deploys/${id}`)
  }
  const service = { internal_port: 8080, ports: [{ port: 80 }], checks: [{ type: 'http', port: 8080, path: '/', interval: '15s', timeout: '2s' }] }
  const deploy = async (env: object = {}) =>
    ended(
      await at.ok<DeployStatus>('POST', '/v1/kante/apps/web/deploys', {
        image: 'x',
        groups: { app: { env, services: [service] } },
        waitTimeoutMs: 2000,
      }),
    )
  const deploySecrets = async () => ended(await at.ok<DeployStatus>('POST', '/v1/kante/apps/web/secrets/deploy'))
  const machines = () =>
    at.ok<{ id: string; region: string; instance_id: string; config: { guest?: object; metadata: Record<string, string> } }[]>(
      'GET',
      '/v1/apps/web/machines',
    )
  /** What the host of a machine is given for its start. */
  const given = async (machine: { id: string; region: string; config: { metadata?: Record<string, string> } }, host = machine.region) => {
    const release = machine.config.metadata?.['fly_release_version']
    const { minSecretsVersion: atLeast } = at.mirror.json<DesiredMachine>(`machine/web/${machine.id}`) ?? {}
    const wanted = {
      app: 'web' as AppName,
      machine: machine.id as MachineId,
      ...(release === undefined ? {} : { release: Number(release) }),
      ...(atLeast === undefined ? {} : { atLeast }),
    }
    return at.control.secretsFor(host as HostId).secretsOf(wanted)
  }

  test('are set, listed by digest, and never answered', async () => {
    const reply = await set({ KEY: 'first value', OTHER: 'another' })
    assert.deepEqual([reply.version, reply.Version, reply.changed], [1, 1, ['KEY', 'OTHER']])
    const shown = JSON.stringify([
      reply,
      await list(),
      await at.ok('GET', '/v1/apps/web/secrets/KEY'),
      await at.ok('GET', '/v1/apps/web/secrets?show_secrets=true'),
    ])
    assert.ok(!/first value|another/.test(shown))
    const [before] = (await list()).secrets
    assert.match(before!.digest, /^[0-9a-f]{16}$/)
    assert.deepEqual((await set({ KEY: 'first value' })).changed, [])
    assert.equal((await list()).version, 1)
    assert.equal((await set({ KEY: 'second value' })).version, 2)
    const [after] = (await list()).secrets
    assert.notEqual(after!.digest, before!.digest)
    assert.equal(after!.created_at, before!.created_at)
  })

  test('have digests that say nothing to another app', async () => {
    await at.ok('POST', '/v1/apps', { name: 'other' })
    const digests = [...(await set({ A: 'same', B: 'same' })).secrets, ...(await set({ A: 'same' }, 'other')).secrets].map(({ digest }) => digest)
    assert.equal(new Set(digests).size, 3)
  })

  test('are spoken of one by one as Fly.io’s API does', async () => {
    assert.equal((await at.call('POST', '/v1/apps/web/secrets/KEY', { value: 'v' })).status, 201)
    assert.equal((await at.call('PUT', '/v1/apps/web/secrets/KEY', { value: 'w' })).body.version, 2)
    assert.equal((await at.call('GET', '/v1/apps/web/secrets?min_version=3')).body.status, 'secrets_behind')
    assert.equal((await at.call('GET', '/v1/apps/web/secrets/KEY?version=2')).status, 200)
    assert.deepEqual((await at.call('DELETE', '/v1/apps/web/secrets/KEY')).body, { version: 3, Version: 3 })
    assert.equal((await at.call('GET', '/v1/apps/web/secrets/KEY')).body.status, 'secret_not_found')
    assert.equal((await at.call('DELETE', '/v1/apps/web/secrets/KEY')).status, 404)
    assert.deepEqual((await list()).secrets, [])
  })

  test('that cannot be are refused without saying what they are', async () => {
    const long = 'x'.repeat(70_000)
    for (const values of [{ 'NOT A NAME': 'geheim' }, { KEY: 'geheim\0' }, { KEY: long }, { '1KEY': 'geheim' }, { KEY: 7 }]) {
      const answer = await at.call('POST', '/v1/apps/web/secrets', { values })
      assert.equal(answer.status, 400, JSON.stringify(answer.body))
      assert.ok(!JSON.stringify(answer.body).includes('geheim') && JSON.stringify(answer.body).length < 2000)
    }
    const broken = await at.call('POST', '/v1/apps/web/secrets', '{"values":{"KEY":"geheim"')
    assert.equal(broken.status, 400)
    const broken2 = await at.call('POST', '/v1/apps/web/secrets', 'KEY=geheim')
    assert.ok(!JSON.stringify([broken.body, broken2.body]).includes('geheim'), JSON.stringify([broken.body, broken2.body]))
    assert.deepEqual((await list()).secrets, [])
  })

  test('lie sealed in the store, bound to their place', async () => {
    await set({ KEY: 'a plain value', OTHER: 'elsewhere' })
    const { entries } = await at.store.range({ start: '!', end: '~' })
    assert.ok(entries.every(({ value }) => !value.includes('a plain value')))
    const record = JSON.parse((await at.store.get('secret/web/KEY'))!.value) as SecretRecord
    await at.store.transact({ compare: [], then: [{ op: 'put', key: 'secret/web/OTHER', value: JSON.stringify({ ...record, name: 'OTHER' }) }] })
    const { id, region, config } = await at.ok<Awaited<ReturnType<typeof machines>>[number]>('POST', '/v1/apps/web/machines', {
      config: { image: 'x' },
    })
    await assert.rejects(given({ id, region, config }), (error) => isFault(error, 'secret_unreadable'))
  })

  test('are given to the host that has the machine, and to no other', async () => {
    await set({ KEY: 'value' })
    await deploy()
    const [machine] = await machines()
    assert.deepEqual(await given(machine!), { KEY: 'value' })
    const elsewhere = machine!.region === 'fra' ? 'cdg' : 'fra'
    await assert.rejects(given(machine!, elsewhere), (error) => isFault(error, 'machine_not_found'))
    await assert.rejects(given({ ...machine!, id: '00000000000000' }), (error) => isFault(error, 'machine_not_found'))
  })

  test('are staged until a release takes them; machines keep those of their release', async () => {
    await set({ KEY: 'first' })
    assert.deepEqual(await statuses(), { KEY: 'Staged' })
    await deploy()
    assert.deepEqual(await statuses(), { KEY: 'Deployed' })
    const before = await machines()
    await set({ KEY: 'second', NEW: 'n' })
    assert.deepEqual(await statuses(), { KEY: 'Staged', NEW: 'Staged' })
    assert.deepEqual(await given(before[0]!), { KEY: 'first' })
    const status = await deploySecrets()
    assert.equal(status.status, 'complete')
    assert.deepEqual(await statuses(), { KEY: 'Deployed', NEW: 'Deployed' })
    const after = await machines()
    assert.deepEqual(
      after.map(({ id }) => id),
      before.map(({ id }) => id),
    )
    assert.deepEqual(await given(after[0]!), { KEY: 'second', NEW: 'n' })
    await set({ KEY: null })
    assert.deepEqual(await given(after[0]!), { KEY: 'second', NEW: 'n' })
    await deploySecrets()
    assert.deepEqual(await given((await machines())[0]!), { NEW: 'n' })
  })

  test('come with a machine that is updated by a client which has just set them', async () => {
    await set({ KEY: 'first' })
    await deploy()
    const [machine] = await machines()
    const { version } = await set({ KEY: 'second' })
    const update = (min_secrets_version: number) =>
      at.call('POST', `/v1/apps/web/machines/${machine!.id}`, { config: machine!.config, min_secrets_version })
    assert.equal((await update(version + 1)).body.status, 'secrets_behind')
    assert.equal((await update(version)).status, 200)
    assert.deepEqual(await given(machine!), { KEY: 'second' })
    assert.deepEqual(await statuses(), { KEY: 'Partial' })
    // An update that asks for none goes back to what the release says.
    await at.ok('POST', `/v1/apps/web/machines/${machine!.id}`, { config: machine!.config })
    assert.deepEqual(await given(machine!), { KEY: 'first' })
  })

  test('that bring a release down are taken back with it', async () => {
    await set({ KEY: 'good' })
    await deploy()
    const before = await machines()
    await set({ KEY: 'bad' })
    at.host.checkResult = () => 'critical'
    at.hosts[1]!.checkResult = () => 'critical'
    const failed = ended(await at.ok<DeployStatus>('POST', '/v1/kante/apps/web/secrets/deploy'))
    assert.equal((await failed).status, 'failed')
    const after = await machines()
    assert.deepEqual(
      after.map(({ config }) => config.metadata['fly_release_version']),
      before.map(({ config }) => config.metadata['fly_release_version']),
    )
    assert.deepEqual(await given(after[0]!), { KEY: 'good' })
    assert.deepEqual(await statuses(), { KEY: 'Staged' })
  })

  test('leave the sizes and the number of machines alone when they are deployed', async () => {
    await deploy()
    const [first, second] = await machines()
    await at.ok('DELETE', `/v1/apps/web/machines/${second!.id}?force=true`)
    await at.ok('POST', `/v1/apps/web/machines/${first!.id}`, { config: { ...first!.config, guest: { cpus: 2, memory_mb: 1024 } } })
    await set({ KEY: 'value' })
    await deploySecrets()
    const left = await machines()
    assert.deepEqual(
      left.map(({ id, config }) => [id, config.guest]),
      [[first!.id, { cpus: 2, memory_mb: 1024 }]],
    )
  })

  test('of an app without a release wait for it', async () => {
    await set({ KEY: 'value' })
    assert.equal((await at.call('POST', '/v1/kante/apps/web/secrets/deploy')).body.status, 'never_deployed')
  })

  test('go when no release needs them any more, and with the app', async () => {
    await set({ KEY: 'first', KEPT: 'k' })
    await deploy()
    await set({ KEY: null })
    const versions = async () => (JSON.parse((await at.store.get('secret/web/KEY'))?.value ?? '{"versions":[]}') as SecretRecord).versions.length
    assert.equal(await versions(), 2)
    await deploySecrets()
    await set({ OTHER: 'o' })
    assert.equal(await at.store.get('secret/web/KEY'), undefined)
    await at.call('DELETE', '/v1/apps/web?force=true')
    const { entries } = await at.store.range({ start: 'secret', end: 'secreu' })
    assert.deepEqual(entries, [])
  })

  test('of two who change them at once are both there', async () => {
    await Promise.all(Array.from({ length: 10 }, (_, index) => set({ [`KEY_${index}`]: String(index) })))
    assert.equal((await list()).secrets.length, 10)
    assert.equal((await list()).version, 10)
  })
})

describe('the master key', () => {
  test('is made 0600 and replaced while the platform runs; backups of before need the former one', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'kante-keys-'))
    try {
      const file = join(dir, 'master.key')
      const random = (size: number) => randomBytes(size)
      await using at = await openTestControl()
      // As if this store had never had a key.
      await at.store.transact({
        compare: [],
        then: [
          { op: 'delete', key: 'platform/master-key' },
          { op: 'deleteRange', range: { start: 'data-key/', end: 'data-key0' } },
        ],
      })
      const deps = { store: at.store, random, now: Date.now }
      const keyring = await openKeyring(deps, masterKeyFile(file, random))
      const key = await keyring.of('personal')
      const former = await readFile(file, 'utf8')
      await keyring.rotate()
      assert.notEqual(await readFile(file, 'utf8'), former)
      assert.deepEqual(await (await openKeyring(deps, masterKeyFile(file, random))).of('personal'), key)
      const names = (await readdir(dir)).toSorted()
      assert.equal(names.length, 2)
      assert.match(names[1]!, /^master\.key\.former-[0-9a-f]{8}$/)
      assert.equal(await readFile(join(dir, names[1]!), 'utf8'), former)
      for (const name of names) assert.equal((await stat(join(dir, name))).mode & 0o777, 0o600)
      await writeFile(file, former)
      await assert.rejects(openKeyring(deps, masterKeyFile(file, random)), (error) => isFault(error, 'master_key_mismatch'))
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  })
})
