import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { Secret } from '../../kit/secret.ts'
import { isFault } from '../../model/fault/fault.ts'
import type { Entry, Store, Transaction } from '../../store/contract.ts'
import { openKeyring } from './keyring.ts'
import { givenMasterKey, type MasterKeySource } from './master-key.ts'

/** As much of a store as a keyring needs; `crash` throws before or after the nth write. */
function memoryStore() {
  const entries = new Map<string, Entry>()
  let revision = 0
  const holds = ({ compare }: Transaction) =>
    compare.every((each) => {
      const found = entries.get(each.key)
      return each.target === 'value' ? found?.value === each.to : (found?.[each.target] ?? 0) === each.to
    })
  const store = {
    get: async (key: string) => entries.get(key),
    range: async ({ start, end }: { start: string; end: string }) => ({
      entries: [...entries.values()].filter(({ key }) => key >= start && key < end).toSorted((a, b) => (a.key < b.key ? -1 : 1)),
      revision,
      more: false,
    }),
    async transact(transaction: Transaction) {
      if (!holds(transaction)) return { held: false, revision }
      revision++
      for (const operation of transaction.then)
        if (operation.op === 'put') {
          const { key, value } = operation
          const before = entries.get(key)
          entries.set(key, {
            key,
            value,
            createRevision: before?.createRevision ?? revision,
            modRevision: revision,
            version: (before?.version ?? 0) + 1,
          })
        }
      return { held: true, revision }
    },
  }
  return { entries, store: store as unknown as Store }
}
function memorySource() {
  const files: { current?: Secret; next?: Secret; former: Secret[] } = { former: [] }
  const source: MasterKeySource = {
    place: 'memory',
    current: async () => files.current,
    next: async () => files.next,
    make: async (which) => (files[which] = new Secret(randomBytes(32).toString('base64url'))),
    async promote() {
      if (files.current) files.former.push(files.current)
      files.current = files.next!
      delete files.next
    },
  }
  return { files, source }
}
const deps = (store: Store) => ({ store, random: (size: number) => randomBytes(size), now: () => 0 })

describe('a keyring', () => {
  test('gives each owner a key of its own, the same after it was opened anew', async () => {
    const { store } = memoryStore()
    const { source } = memorySource()
    const first = await openKeyring(deps(store), source)
    const [a, b] = [await first.of('a'), await first.of('b')]
    assert.notDeepEqual(a.encryption, b.encryption)
    assert.notDeepEqual(a.encryption, a.digest)
    const again = await openKeyring(deps(store), source)
    assert.deepEqual(await again.of('a'), a)
  })

  test('does not make a new master key where the old one is missing or another', async () => {
    const { store } = memoryStore()
    await openKeyring(deps(store), memorySource().source)
    await assert.rejects(openKeyring(deps(store), memorySource().source), (error) => isFault(error, 'master_key_missing'))
    await assert.rejects(openKeyring(deps(store), givenMasterKey(new Secret('another master key'), undefined)), (error) =>
      isFault(error, 'master_key_mismatch'),
    )
  })

  test('keeps a data key that was moved to another owner shut', async () => {
    const { store, entries } = memoryStore()
    const { source } = memorySource()
    await (await openKeyring(deps(store), source)).of('a')
    const moved = entries.get('data-key/a')!
    entries.set('data-key/b', { ...moved, key: 'data-key/b', value: moved.value.replace('"owner":"a"', '"owner":"b"') })
    await assert.rejects((await openKeyring(deps(store), source)).of('b'), (error) => isFault(error, 'secret_unreadable'))
  })

  test('rotates: data keys stay, the former master key opens nothing any more', async () => {
    const { store } = memoryStore()
    const { source, files } = memorySource()
    const keyring = await openKeyring(deps(store), source)
    const before = await keyring.of('a')
    await keyring.of('b')
    const former = files.current!
    assert.deepEqual(await keyring.rotate(), { rewrapped: 2 })
    assert.notEqual(files.current!.reveal(), former.reveal())
    assert.deepEqual(await (await openKeyring(deps(store), source)).of('a'), before)
    await assert.rejects(openKeyring(deps(store), givenMasterKey(former, undefined)), (error) => isFault(error, 'master_key_mismatch'))
    await keyring.of('made after the rotation')
    assert.deepEqual(await keyring.rotate(), { rewrapped: 3 })
  })

  test('finishes a rotation that was broken off, wherever it was', async () => {
    let isThrough = false
    for (let crashAt = 1; !isThrough; crashAt++) {
      const { store } = memoryStore()
      const { source } = memorySource()
      const before = await (await openKeyring(deps(store), source)).of('a')
      let step = 0
      // Dies before the step and after it, in turn.
      const dying =
        <A extends unknown[], R>(act: (...args: A) => Promise<R>) =>
        async (...args: A): Promise<R> => {
          if (++step === crashAt) throw new Error('crash')
          const result = await act(...args)
          if (++step === crashAt) throw new Error('crash')
          return result
        }
      let isArmed = false
      const armed = <A extends unknown[], R>(act: (...args: A) => Promise<R>) => {
        const broken = dying(act)
        return (...args: A) => (isArmed ? broken(...args) : act(...args))
      }
      const dyingStore = { ...store, transact: armed((tx: Transaction) => store.transact(tx)) }
      const dyingSource = { ...source, make: armed((which: 'current' | 'next') => source.make(which)), promote: armed(() => source.promote()) }
      const keyring = await openKeyring(deps(dyingStore), dyingSource)
      isArmed = true
      isThrough = await keyring.rotate().then(
        () => true,
        () => false,
      )
      const after = await openKeyring(deps(store), source)
      assert.deepEqual(await after.of('a'), before, `crash at step ${crashAt}`)
      assert.equal(await source.next(), undefined, `crash at step ${crashAt}`)
    }
  })

  test('rotates many orgs in several transactions', async () => {
    const { store } = memoryStore()
    const { source } = memorySource()
    const keyring = await openKeyring(deps(store), source)
    for (let at = 0; at < 250; at++) await keyring.of(`org-${at}`)
    assert.deepEqual(await keyring.rotate(), { rewrapped: 250 })
    await (await openKeyring(deps(store), source)).of('org-249')
  })

  test('takes a master key from the environment, and a new one when it is started with both', async () => {
    const { store } = memoryStore()
    const [old, young] = [new Secret('the former master key'), new Secret('the new master key')]
    const before = await (await openKeyring(deps(store), givenMasterKey(old, undefined))).of('a')
    await (await openKeyring(deps(store), givenMasterKey(young, old))).of('a')
    // Started so once more, by a unit file that nobody has changed back yet.
    await openKeyring(deps(store), givenMasterKey(young, old))
    const after = await openKeyring(deps(store), givenMasterKey(young, undefined))
    assert.deepEqual(await after.of('a'), before)
    await assert.rejects(after.rotate(), (error) => isFault(error, 'master_key_external'))
  })
})
