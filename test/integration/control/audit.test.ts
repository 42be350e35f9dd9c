import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { openAuditLog } from '../../../src/control/audit/audit-log.ts'
import type { AuditedCall, AuditRecord } from '../../../src/control/audit/audit-record.ts'
import { readAudit, verifyAudit } from '../../../src/control/audit/read-audit.ts'
import { silentLog } from '../../../src/kit/log.ts'
import { fault } from '../../../src/model/fault/fault.ts'
import type { OrgSlug } from '../../../src/model/ids.ts'
import type { AuditRecordView, AuditVerdict, CreatedToken } from '../../../src/protocol/access-api.ts'
import type { Store } from '../../../src/store/contract.ts'
import { keys } from '../../../src/store/keys.ts'
import { openTestControl, type TestControl } from './open-test-control.ts'

describe('the audit log', () => {
  let at: TestControl
  beforeEach(async () => {
    at = await openTestControl()
  })
  afterEach(() => at[Symbol.asyncDispose]())
  const list = async (query = '') => (await at.ok<{ records: AuditRecordView[] }>('GET', `/v1/kante/audit${query}`)).records
  const verify = () => at.ok<AuditVerdict>('GET', '/v1/kante/audit/verify')
  const rewrite = async (seq: number, change: (record: AuditRecord) => object | undefined) => {
    const key = keys.audit(seq)
    const changed = change(JSON.parse((await at.store.get(key))!.value) as AuditRecord)
    const then = changed === undefined ? ({ op: 'delete', key } as const) : ({ op: 'put', key, value: JSON.stringify(changed) } as const)
    await at.store.transact({ compare: [], then: [then] })
  }

  test('says who did what to what, from where, and how it ended; never a value', async () => {
    await at.ok('POST', '/v1/apps', { name: 'web' })
    const token = await at.ok<CreatedToken>('POST', '/v1/kante/tokens', { kind: 'deploy', app: 'web', name: 'CI' })
    const port = await at.control.listenApi('127.0.0.1', 0)
    await fetch(`http://127.0.0.1:${port}/v1/apps/web/secrets`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token.token}` },
      body: JSON.stringify({ values: { KEY: 'geheim' } }),
    })
    const [newest, ...others] = await list('?app=web')
    assert.deepEqual(
      { ...newest, at: '', hash: '', request: '', seq: 0 },
      {
        seq: 0,
        at: '',
        token: token.id.slice(0, 12),
        kind: 'deploy',
        tokenName: 'CI',
        org: 'personal',
        app: 'web',
        from: '127.0.0.1',
        action: 'POST /v1/apps/:app/secrets',
        objects: ['app=web', 'secret-set/web', 'secret/web/KEY'],
        request: '',
        outcome: 'written',
        hash: '',
      },
    )
    assert.deepEqual(others, [])
    const all = await list()
    assert.ok(!JSON.stringify(all).includes('geheim') && !JSON.stringify(all).includes(token.token))
    assert.deepEqual(
      all.map(({ action }) => action),
      ['POST /v1/apps/:app/secrets', 'POST /v1/kante/tokens', 'POST /v1/apps'],
    )
    assert.equal((await verify()).ok, true)
  })

  test('is in the transaction of the change: neither is there without the other', async () => {
    const before = (await at.store.revision()) + 1
    await at.ok('POST', '/v1/apps', { name: 'web' })
    const app = await at.store.get('app/web')
    const record = await at.store.get(keys.audit(1))
    assert.equal(app?.modRevision, record?.modRevision)
    assert.ok(app!.modRevision >= before)
  })

  test('tells of what was refused, and of what failed after its change was written', async () => {
    await at.ok('POST', '/v1/apps', { name: 'web' })
    await at.call('POST', '/v1/apps', { name: 'web' })
    await at.call('POST', '/v1/apps/web/secrets', { values: { 'NO NAME': 'x' } })
    at.host.onOrder = () => {
      throw fault('insufficient_capacity', { region: 'fra' } as never)
    }
    await at.call('POST', '/v1/apps/web/machines', { config: { image: 'x' }, region: 'fra' })
    const records = (await list()).toReversed()
    assert.deepEqual(
      records.map(({ action, outcome }) => `${action} ${outcome}`),
      [
        'POST /v1/apps written',
        'POST /v1/apps name_taken',
        'POST /v1/apps/:app/secrets invalid_value',
        'POST /v1/apps/:app/machines written',
        'POST /v1/apps/:app/machines insufficient_capacity',
      ],
    )
    assert.equal(records[3]!.request, records[4]!.request)
  })

  test('names what was changed under a lease, and has one record of what was refused under it', async () => {
    await at.ok('POST', '/v1/apps', { name: 'web' })
    const lease = { op: 'put', key: keys.lease('deploy/web'), value: '{}' } as const
    const audit = openAuditLog({ store: at.store, keyring: testKeyring, now: Date.now, log: silentLog })
    const records = async () => (await readAudit(at.store, { limit: 100, isWanted: ({ request }) => request === call.request })).toReversed()
    const refused = audit.during(call, async () => {
      await audit.store.transact({ compare: [], then: [lease] })
      throw fault('app_not_found', { app: 'web' })
    })
    await assert.rejects(refused)
    assert.deepEqual(
      (await records()).map(({ outcome }) => outcome),
      ['app_not_found'],
    )
    await audit.during(call, async () => {
      await audit.store.transact({ compare: [], then: [lease] })
      await audit.store.transact({ compare: [], then: [{ op: 'put', key: 'scaling/web', value: '{}' }] })
      await audit.store.transact({ compare: [], then: [{ op: 'delete', key: lease.key }] })
    })
    const [, changed, ...more] = await records()
    assert.deepEqual([changed?.outcome, changed?.objects.at(-1), more], ['written', 'scaling/web', []])
  })

  test('records a call that only a host carries out', async () => {
    await at.ok('POST', '/v1/apps', { name: 'web' })
    const { id } = await at.ok<{ id: string }>('POST', '/v1/apps/web/machines', { config: { image: 'x' } })
    await at.ok('POST', `/v1/apps/web/machines/${id}/stop`)
    const [record] = await list()
    assert.deepEqual([record?.action, record?.outcome, record?.objects.includes(`id=${id}`)], ['POST /v1/apps/:app/machines/:id/stop', 'ok', true])
  })

  test('keeps the order of calls made at once, each with its own record', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => at.ok('POST', '/v1/apps', { name: `app-${index}` })))
    const records = await list()
    assert.deepEqual(
      records.map(({ seq }) => seq),
      Array.from({ length: 20 }, (_, index) => 20 - index),
    )
    for (const { objects } of records) assert.equal(objects.filter((object) => object.startsWith('app/')).length, 1)
    assert.deepEqual(await verify().then(({ ok, records: count }) => [ok, count]), [true, 20])
    await at.reopen()
    await at.ok('POST', '/v1/apps', { name: 'after' })
    assert.deepEqual(await verify().then(({ ok, records: count }) => [ok, count]), [true, 21])
  })

  for (const [what, tamper, problem] of [
    ['changed', () => rewrite(3, (record) => ({ ...record, token: 'somebody else' })), /record 3 was changed/],
    ['taken out', () => rewrite(3, () => undefined), /record 3 is missing/],
    ['taken off the end', () => rewrite(6, () => undefined), /record 6 is missing/],
    ['changed at the end', () => rewrite(6, (record) => ({ ...record, outcome: 'ok' })), /record 6 was changed/],
    [
      'cut off with the head',
      async () => {
        const head = JSON.parse((await at.store.get(keys.auditHead))!.value) as object
        const { hash } = JSON.parse((await at.store.get(keys.audit(5)))!.value) as AuditRecord
        await at.store.transact({ compare: [], then: [{ op: 'put', key: keys.auditHead, value: JSON.stringify({ ...head, seq: 5, hash }) }] })
      },
      /the end of the log was changed/,
    ],
    ['without a head', () => at.store.transact({ compare: [], then: [{ op: 'delete', key: keys.auditHead }] }), /where they end is not known/],
  ] as const) {
    test(`shows when a record was ${what}`, async () => {
      for (let index = 0; index < 6; index++) await at.ok('POST', '/v1/apps', { name: `app-${index}` })
      assert.equal((await verify()).ok, true)
      await tamper()
      const verdict = await verify()
      assert.equal(verdict.ok, false)
      assert.match(verdict.problem ?? '', problem)
    })
  }

  test('drops the oldest records beyond its limit, and what is left is whole still', async () => {
    const audit = openAuditLog({ store: at.store, keyring: testKeyring, now: Date.now, log: silentLog }, { kept: 10, dropEvery: 4 })
    for (let index = 0; index < 25; index++) await audit.during(call, async () => undefined)
    const kept = await readAudit(at.store, { limit: 100, isWanted: () => true })
    assert.deepEqual([kept.at(0)?.seq, kept.at(-1)?.seq], [25, 15])
    const verdict = await verifyAudit(at.store, testKeyring)
    assert.deepEqual([verdict.ok, verdict.first, verdict.last, verdict.records], [true, 15, 25, 11])
    assert.deepEqual(
      (await readAudit(at.store, { limit: 2, before: 20, isWanted: ({ seq }) => seq % 2 === 0 })).map(({ seq }) => seq),
      [18, 16],
    )
  })

  test('of two controls is one chain, and a change that lost its race is not recorded as made', async () => {
    const open = () => openAuditLog({ store: at.store, keyring: testKeyring, now: Date.now, log: silentLog })
    const [one, two] = [open(), open()]
    const insert = (store: Store, key: string) =>
      store.transact({ compare: [{ key, target: 'version', is: '=', to: 0 }], then: [{ op: 'put', key, value: '1' }] })
    for (let index = 0; index < 5; index++) {
      const results = await Promise.all([one, two].map((audit) => audit.during(call, () => insert(audit.store, `x/${index}`))))
      assert.equal(results.filter(({ held }) => held).length, 1)
    }
    const records = await readAudit(at.store, { limit: 100, isWanted: () => true })
    assert.equal(records.filter(({ outcome }) => outcome === 'written').length, 5)
    assert.equal(records.length, 10)
    assert.equal((await verifyAudit(at.store, testKeyring)).ok, true)
  })
})

const testKeyring = { of: async () => ({ encryption: Buffer.alloc(32), digest: Buffer.alloc(32, 7) }) }
const call: AuditedCall = { token: 't', kind: 'operator', org: 'personal' as OrgSlug, from: 'here', action: 'POST /x', objects: [], request: 'r' }
