import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isFault } from '../../../src/model/fault/fault.ts'
import { everything } from '../../../src/store/contract.ts'
import { until } from '../../testkit/until.ts'
import { eventsOf, put, write, type OpenFixture } from './store-fixture.ts'

export function describeLeases(open: OpenFixture): void {
  describe('leases', () => {
    test('when a lease is not kept alive its keys go, in one revision', async () => {
      await using fixture = await open()
      const { store } = fixture
      const lease = await store.grantLease(60)
      await write(store, put('a', '', lease), put('c', '', lease), put('b', ''))
      assert.equal((await store.get('a'))?.lease, lease)
      await until('the key is gone', async () => (await store.get('a')) === undefined)
      assert.deepEqual(await eventsOf(store, everything, 2, 2), [
        { type: 'delete', key: 'a', revision: 2 },
        { type: 'delete', key: 'c', revision: 2 },
      ])
      assert.equal(await store.keepLeaseAlive(lease), false)
      await assert.rejects(write(store, put('a', '', lease)), (error) => isFault(error, 'store_lease_ended'))
    })

    test('a lease that is kept alive outlives its time', async () => {
      await using fixture = await open()
      const { store } = fixture
      const lease = await store.grantLease(700)
      await write(store, put('a', '', lease))
      const start = performance.now()
      await until('its time is over', async () => {
        assert.equal(await store.keepLeaseAlive(lease), true)
        return performance.now() - start > 1000
      })
      assert.ok(await store.get('a'))
      await until('the key is gone', async () => (await store.get('a')) === undefined)
    })

    test('revoking deletes at once; a lease without keys makes no revision', async () => {
      await using fixture = await open()
      const { store } = fixture
      const lease = await store.grantLease(60_000)
      await write(store, put('a', '', lease))
      await store.revokeLease(lease)
      assert.equal(await store.get('a'), undefined)
      assert.equal(await store.keepLeaseAlive(lease), false)
      const empty = await store.grantLease(60_000)
      await store.revokeLease(empty)
      assert.equal(await store.revision(), 2)
    })

    test('a key written anew without the lease stays when the lease ends', async () => {
      await using fixture = await open()
      const { store } = fixture
      const [first, second] = [await store.grantLease(60_000), await store.grantLease(60_000)]
      await write(store, put('free', '1', first), put('moved', '1', first))
      await write(store, put('free', '2'), put('moved', '2', second))
      await store.revokeLease(first)
      assert.equal(await store.revision(), 2)
      assert.equal((await store.get('free'))?.lease, undefined)
      assert.equal((await store.get('moved'))?.lease, second)
    })

    test('a put with an unknown lease writes nothing of its transaction', async () => {
      await using fixture = await open()
      for (const lease of ['1', '9007199254740993', '', 'x', '-1']) {
        await assert.rejects(write(fixture.store, put('a', ''), put('b', '', lease)), (error) => isFault(error, 'store_lease_ended'))
      }
      assert.equal(await fixture.store.revision(), 0)
    })

    test('after opening again a lease runs on, with its whole time', async () => {
      await using fixture = await open()
      const lease = await fixture.store.grantLease(150)
      await write(fixture.store, put('a', '', lease))
      const store = await fixture.reopen()
      assert.equal((await store.get('a'))?.lease, lease)
      assert.equal(await store.keepLeaseAlive(lease), true)
      await until('the key is gone', async () => (await store.get('a')) === undefined)
      assert.notEqual(await store.grantLease(1000), lease)
    })

    test('only times from 1 ms to a day are leases', async () => {
      await using fixture = await open()
      for (const ttlMs of [0, -1, Number.NaN, 86_400_001, Infinity]) {
        await assert.rejects(fixture.store.grantLease(ttlMs), (error) => isFault(error, 'invalid_value'))
      }
    })
  })
}
