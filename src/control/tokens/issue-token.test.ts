import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { Secret } from '../../kit/secret.ts'
import { isFault } from '../../model/fault/fault.ts'
import type { OrgSlug } from '../../model/ids.ts'
import { openAuthenticator } from '../api/authenticate.ts'
import { issueToken, type TokenWish } from './issue-token.ts'

const wish: TokenWish = { kind: 'org', name: undefined, org: 'acme' as OrgSlug, app: undefined, expiry: '1h', createdBy: 'me' }
const random = (size: number) => new Uint8Array(size).fill(7)

test('a token that was made is known until it expires, by its hash alone', () => {
  const { text, record } = issueToken(wish, 1_000, random)
  assert.ok(!JSON.stringify(record).includes(text.slice(-20)))
  let nowMs = 1_000
  const authenticate = openAuthenticator([], { find: (id) => (id === record.id ? record : undefined), now: () => nowMs })
  assert.deepEqual(authenticate(`Bearer ${text}`), {
    tokenId: record.id.slice(0, 12),
    org: 'acme',
    kind: 'org',
    name: 'org token',
    expiresAt: new Date(3_601_000).toISOString(),
  })
  for (const other of [record.id, record.hash, `${text}x`, text.toUpperCase()])
    assert.throws(
      () => authenticate(`Bearer ${other}`),
      (error) => isFault(error, 'unauthorized'),
      other,
    )
  nowMs = 3_601_000
  assert.throws(() => authenticate(`Bearer ${text}`), /expired at/)
})

test('a record whose hash is another is not that token’s', () => {
  const { text, record } = issueToken(wish, 0, random)
  const authenticate = openAuthenticator([], { find: () => ({ ...record, hash: '0'.repeat(64) }), now: () => 0 })
  assert.throws(
    () => authenticate(`Bearer ${text}`),
    (error) => isFault(error, 'unauthorized'),
  )
})

test('a token of the daemon’s own that is too short is refused at its start', () => {
  const known = { secret: new Secret('short'), org: 'acme' as OrgSlug, kind: 'operator' } as const
  assert.throws(() => openAuthenticator([known], { find: () => undefined, now: () => 0 }), /fewer than 16/)
})

test('a header of thousands of tokens costs sixteen lookups', () => {
  let lookups = 0
  const authenticate = openAuthenticator([], { find: () => void lookups++, now: () => 0 })
  assert.throws(() => authenticate(`Bearer ${'a,'.repeat(4_000)}`))
  assert.equal(lookups, 16)
})
