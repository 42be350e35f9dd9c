import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { systemClock, type Clock } from '../../../src/kit/clock.ts'
import { openLog, silentLog } from '../../../src/kit/log.ts'
import { fault } from '../../../src/model/fault/fault.ts'
import { prefixRange, type KeyEvent, type Store } from '../../../src/store/contract.ts'
import { openMirror } from '../../../src/store/mirror.ts'
import { openSqliteFixture } from './open-sqlite-fixture.ts'
import { until } from '../../testkit/until.ts'
import { fill, put, remove, write } from './store-fixture.ts'

const deps = { clock: systemClock, log: silentLog }
const impatient: Clock = { ...systemClock, sleep: (_ms, signal) => systemClock.sleep(1, signal) }

describe('the mirror', () => {
  test('shows what was there, then what changes, in key order', async () => {
    await using fixture = await openSqliteFixture()
    const { store } = fixture
    await write(store, put('app/b', '{"n":1}'), put('app/a', '{"n":0}'), put('other/x', '{}'))
    await using mirror = await openMirror({ ...deps, store }, ['app/', 'host/'])
    assert.deepEqual(mirror.listJson('app/'), [{ n: 0 }, { n: 1 }])
    assert.equal(mirror.get('other/x'), undefined)
    const { revision } = await write(store, put('app/c', '{"n":2}'), remove('app/a'), put('host/h', '{}'))
    await mirror.waitFor(revision)
    assert.deepEqual(
      mirror.list('').map((entry) => entry.key),
      ['app/b', 'app/c', 'host/h'],
    )
    assert.deepEqual(mirror.get('app/c'), await store.get('app/c'))
    assert.equal(mirror.json('app/a'), undefined)
  })

  test('parses a value once for each version', async () => {
    await using fixture = await openSqliteFixture()
    const { store } = fixture
    await write(store, put('app/a', '{"n":0}'))
    await using mirror = await openMirror({ ...deps, store }, [''])
    const first = mirror.json('app/a')
    assert.equal(mirror.listJson('app/')[0], first)
    await mirror.waitFor((await write(store, put('app/a', '{"n":0}'))).revision)
    assert.notEqual(mirror.json('app/a'), first)
  })

  test('waits for revisions that touch nothing it mirrors, and gives up with the signal or its own end', async () => {
    await using fixture = await openSqliteFixture()
    const { store } = fixture
    const mirror = await openMirror({ ...deps, store }, ['app/'])
    await mirror.waitFor((await write(store, put('lease/x', ''))).revision)
    const reason = new Error('enough')
    await assert.rejects(mirror.waitFor(1000, AbortSignal.abort(reason)), reason)
    const stop = new AbortController()
    const waiting = assert.rejects(mirror.waitFor(1000, stop.signal), reason)
    stop.abort(reason)
    await waiting
    const ending = assert.rejects(mirror.waitFor(1000), /closed/)
    await mirror[Symbol.asyncDispose]()
    await ending
  })

  test('tells listeners of their prefix, whole revisions, the mirror changed already; one that fails harms none', async () => {
    await using fixture = await openSqliteFixture()
    const { store } = fixture
    const lines: string[] = []
    await using mirror = await openMirror({ ...deps, log: openLog((line) => lines.push(line), Date.now), store }, ['app/'])
    const told: string[] = []
    using _ = mirror.onChange('app/', () => {
      throw new Error('mine')
    })
    const listening = mirror.onChange('app/x/', (events, revision) => {
      told.push(`${revision}: ${events.map((event) => `${event.type} ${event.key} ${mirror.get(event.key)?.value}`).join(', ')}`)
    })
    await write(store, put('app/x/1', 'a'), put('app/x/2', 'b'), put('app/y', 'c'))
    await write(store, put('app/y', 'c'))
    await mirror.waitFor((await write(store, remove('app/x/1'))).revision)
    listening[Symbol.dispose]()
    await mirror.waitFor((await write(store, remove('app/x/2'))).revision)
    assert.deepEqual(told, ['1: put app/x/1 a, put app/x/2 b', '3: delete app/x/1 undefined'])
    assert.match(lines.join(''), /listener of the mirror failed.*mine/)
  })

  test('after a time without the store it lists anew, tells what changed, and says both', async () => {
    await using fixture = await openSqliteFixture()
    const { store } = fixture
    await write(store, put('app/gone', '1'), put('app/same', '1'), put('app/new-value', '1'))
    const lines: string[] = []
    const flaky = interruptible(store)
    await using mirror = await openMirror({ clock: impatient, log: openLog((line) => lines.push(line), Date.now), store: flaky.store }, ['app/'])
    const events: KeyEvent[] = []
    using _ = mirror.onChange('app/', (some) => events.push(...some))
    flaky.cut()
    await until('the mirror has noticed', () => !mirror.isCurrent)
    await write(store, remove('app/gone'), put('app/new-value', '2'), put('app/new', '1'))
    const { revision } = await write(store, put('x', ''))
    await store.compact(revision)
    assert.equal(mirror.get('app/gone')?.value, '1')
    flaky.mend()
    await mirror.waitFor(revision)
    assert.ok(mirror.isCurrent)
    assert.deepEqual(
      events.map((event) => `${event.type} ${event.key} ${event.entry?.value}`),
      ['delete app/gone undefined', 'put app/new 1', 'put app/new-value 2'],
    )
    assert.match(lines.join(''), /mirror lost the store.*\n.*mirror is current again/)
    assert.deepEqual(mirror.list('app/'), (await store.range(prefixRange('app/'))).entries)
  })

  test('equals the store after many concurrent writes, compactions among them', async () => {
    await using fixture = await openSqliteFixture({ history: { revisions: 20 } })
    const { store } = fixture
    await using mirror = await openMirror({ ...deps, store }, ['a/', 'c/'])
    const lane = async (number: number): Promise<void> => {
      for (let round = 0; round < 200; round += 1) {
        const key = `${'abc'[(number + round) % 3]}/${(round * 7) % 30}`
        await store.transact({ compare: [], then: [round % 5 === 0 ? remove(key) : put(key, `${number} ${round}`)] }, { durability: 'buffered' })
      }
    }
    await Promise.all([0, 1, 2, 3].map(lane))
    await mirror.waitFor(await store.revision())
    assert.deepEqual(mirror.list('a/'), (await store.range(prefixRange('a/'))).entries)
    assert.deepEqual(mirror.list('c/'), (await store.range(prefixRange('c/'))).entries)
    assert.deepEqual(mirror.list('b/'), [])
  })

  test('opened in the middle of writes it shows each revision whole, across its prefixes', async () => {
    await using fixture = await openSqliteFixture()
    const { store } = fixture
    const done = new AbortController()
    const writing = Promise.all(
      Array.from({ length: 4 }, async (_, lane) => {
        for (let round = 0; !done.signal.aborted; round += 1) {
          const name = `${lane}-${round % 200}`
          await write(store, put(`a/${name}`, ''), put(`z/${name}`, ''))
        }
      }),
    )
    for (let round = 0; round < 50; round += 1) {
      await using mirror = await openMirror({ ...deps, store }, ['a/', 'z/'])
      const revisions = (prefix: string) => mirror.list(prefix).map((entry) => entry.modRevision)
      assert.deepEqual(revisions('a/'), revisions('z/'))
    }
    done.abort()
    await writing
  })

  test('10,000 machines: one app of 100 is listed in well under a millisecond', async () => {
    await using fixture = await openSqliteFixture()
    const { store } = fixture
    await fill(
      store,
      10_000,
      (index) => `machine/app-${index % 100}/${index}`,
      (index) => JSON.stringify({ index, config: 'x'.repeat(500) }),
    )
    await using mirror = await openMirror({ ...deps, store }, ['machine/'])
    assert.equal(mirror.listJson('machine/').length, 10_000)
    const start = performance.now()
    for (let round = 0; round < 1000; round += 1) assert.equal(mirror.listJson('machine/app-7/').length, 100)
    assert.ok(performance.now() - start < 1000)
  })
})

/** The store, but while it is cut every call fails and every watch has ended. */
function interruptible(store: Store): { readonly store: Store; cut(): void; mend(): void } {
  let isCut = false
  let ending = new AbortController()
  const unavailable = () => fault('store_unavailable', { reason: 'cut' })
  return {
    store: {
      ...pass(store),
      range: (...args) => (isCut ? Promise.reject(unavailable()) : store.range(...args)),
      async *watch(options) {
        if (isCut) throw unavailable()
        yield* store.watch({ ...options, signal: AbortSignal.any([options.signal, ending.signal]) })
        if (isCut) throw unavailable()
      },
    },
    cut() {
      isCut = true
      ending.abort()
      ending = new AbortController()
    },
    mend() {
      isCut = false
    },
  }
}

const pass = (store: Store): Store => ({
  get: (key) => store.get(key),
  range: (...args) => store.range(...args),
  transact: (...args) => store.transact(...args),
  watch: (options) => store.watch(options),
  grantLease: (ttlMs) => store.grantLease(ttlMs),
  keepLeaseAlive: (lease) => store.keepLeaseAlive(lease),
  revokeLease: (lease) => store.revokeLease(lease),
  compact: (revision) => store.compact(revision),
  revision: () => store.revision(),
  [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
})
