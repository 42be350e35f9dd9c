import { keyedQueue } from '../../kit/keyed-queue.ts'
import { contextOf, deriveKey, EnvelopeError, keyBytes, seal, unseal } from '../../kit/envelope.ts'
import type { Secret } from '../../kit/secret.ts'
import { fault } from '../../model/fault/fault.ts'
import type { RandomBytes } from '../../model/ids.ts'
import { prefixRange, type Compare, type Entry, type Operation, type Store } from '../../store/contract.ts'
import { keys, prefixes } from '../../store/keys.ts'
import { checkOf, type MasterKeySource } from './master-key.ts'

/** `data-key/<owner>`: 32 random bytes of an org's (or of the audit log's), wrapped by the master key that `check` names. */
interface DataKeyRecord {
  readonly schema: 1
  readonly owner: string
  readonly wrapped: string
  readonly check: string
  readonly createdAt: string
}
/** An owner's key, split by use. */
export interface DataKey {
  readonly encryption: Buffer
  readonly digest: Buffer
}
export interface Keyring {
  /** The owner's key, made when it is first asked for. Fault secret_unreadable. */
  of(owner: string): Promise<DataKey>
  /** Forgets a key that was deleted from the store. */
  forget(owner: string): void
  /** Wraps every data key by a new master key. Values stay as they are. Fault master_key_external. */
  rotate(): Promise<{ readonly rewrapped: number }>
}
interface Deps {
  readonly store: Store
  readonly random: RandomBytes
  /** Milliseconds since 1970. */
  readonly now: () => number
}
/** Where the mark of the master key has always been. */
const markKey = 'platform/master-key'
/** Keys rewrapped in one transaction; the last one also moves the mark, so with as many orgs as this a rotation is one revision. */
const atOnce = 100

/**
 * Opens the keys of a store, or finishes the rotation that a crash broke off (docs/adr/0021). Faults: master_key_missing, master_key_mismatch. A first
 * start makes the key; afterwards a missing one is a fault and not a new key, under which all that was sealed would be lost silently.
 */
export async function openKeyring(deps: Deps, source: MasterKeySource): Promise<Keyring> {
  const { store, random } = deps
  let masters = await openMasters(deps, source)
  const held = new Map<string, DataKey>()
  const queue = keyedQueue()

  const wrapping = (master: Secret) => deriveKey(master.reveal(), 'kante: wrap data keys')
  const contextFor = (owner: string) => contextOf('kante data key', owner)
  function unwrap(record: DataKeyRecord): Buffer {
    const master = masters.find((key) => checkOf(key) === record.check)
    try {
      if (master !== undefined) return unseal(wrapping(master), record.wrapped, contextFor(record.owner))
    } catch (error) {
      if (!(error instanceof EnvelopeError)) throw error
    }
    throw fault('secret_unreadable', { what: `the data key of ${record.owner}` })
  }
  function wrap(owner: string, key: Uint8Array, master: Secret, createdAt: string): string {
    const wrapped = seal(wrapping(master), key, contextFor(owner), random)
    return JSON.stringify({ schema: 1, owner, wrapped, check: checkOf(master), createdAt } satisfies DataKeyRecord)
  }
  async function findOrMake(owner: string): Promise<DataKey> {
    const known = held.get(owner)
    if (known !== undefined) return known
    const key = keys.dataKey(owner)
    const made = wrap(owner, random(keyBytes), masters[0]!, new Date(deps.now()).toISOString())
    await store.transact({ compare: [{ key, target: 'version', is: '=', to: 0 }], then: [{ op: 'put', key, value: made }] })
    const record = JSON.parse((await store.get(key))!.value) as DataKeyRecord
    const root = unwrap(record)
    const found = { encryption: deriveKey(root, 'kante: encrypt'), digest: deriveKey(root, 'kante: digest') }
    held.set(owner, found)
    return found
  }

  /** From what the store says: a rotation that was broken off goes on where it was. */
  async function rewrap(from: Secret, to: Secret): Promise<number> {
    masters = [to, from]
    let rewrapped = 0
    for (;;) {
      const { entries } = await store.range(prefixRange(prefixes.dataKeys))
      const open = entries
        .map((entry) => ({ entry, record: JSON.parse(entry.value) as DataKeyRecord }))
        .filter(({ record }) => record.check !== checkOf(to))
      const batch = open.slice(0, atOnce)
      const isLast = batch.length === open.length
      const written = await store.transact({
        compare: [...batch.map(({ entry }) => unchanged(entry)), { key: markKey, target: 'value', is: '=', to: markOf(from) }],
        then: [
          ...batch.map(({ entry, record }): Operation => ({
            op: 'put',
            key: entry.key,
            value: wrap(record.owner, unwrap(record), to, record.createdAt),
          })),
          ...(isLast ? [{ op: 'put', key: markKey, value: markOf(to) } as const] : []),
        ],
      })
      if (written.held) rewrapped += batch.length
      if (written.held && isLast) return rewrapped
      if (!written.held && (await store.get(markKey))?.value === markOf(to)) return rewrapped
    }
  }

  const [current, next] = masters
  if (next !== undefined && current !== undefined) {
    await rewrap(current, next)
    await source.promote()
    masters = [next]
  }
  return {
    of: (owner) => queue.run('', () => findOrMake(owner)),
    forget: (owner) => held.delete(owner),
    rotate: () =>
      queue.run('', async () => {
        const from = masters[0]!
        const to = (await source.next()) ?? (await source.make('next'))
        const rewrapped = await rewrap(from, to)
        await source.promote()
        masters = [to]
        return { rewrapped }
      }),
  }
}

const markOf = (master: Secret) => JSON.stringify({ schema: 1, check: checkOf(master) })
const unchanged = (entry: Entry): Compare => ({ key: entry.key, target: 'modRevision', is: '=', to: entry.modRevision })

/** The key that this store was written under, and behind it the next one when a rotation has begun and has not ended. */
async function openMasters({ store }: Deps, source: MasterKeySource): Promise<readonly Secret[]> {
  const [current, next, mark] = [await source.current(), await source.next(), await store.get(markKey)]
  if (mark === undefined) {
    const key = current ?? (await source.make('current'))
    await store.transact({ compare: [{ key: markKey, target: 'version', is: '=', to: 0 }], then: [{ op: 'put', key: markKey, value: markOf(key) }] })
    return next === undefined ? [key] : [key, next]
  }
  const { check } = JSON.parse(mark.value) as { readonly check?: unknown }
  // The last step of a rotation was still to come.
  if (next !== undefined && checkOf(next) === check) {
    await source.promote()
    return [next]
  }
  if (current === undefined) throw fault('master_key_missing', { path: source.place })
  if (checkOf(current) !== check) throw fault('master_key_mismatch', { path: source.place })
  return next === undefined ? [current] : [current, next]
}
