import type { Clock } from '../../kit/clock.ts'
import type { App } from '../../model/app.ts'
import { isEnded, type DeployRecord } from '../../model/deploy/deploy-record.ts'
import { fault, isFault } from '../../model/fault/fault.ts'
import type { Compare, Store } from '../../store/contract.ts'
import { prefixes } from '../../store/keys.ts'
import { appLeaseKey, type AppLeaseValue } from '../deploy/app-lease.ts'
import type { Records } from '../state/records.ts'

export interface HoldDeps {
  readonly store: Store
  readonly records: Records
  readonly settle: (revision: number | undefined) => Promise<void>
  readonly clock: Clock
}
/** The app's lease, kept alive for as long as the result lives: no deploy and no other scaling changes its machines meanwhile. */
export interface AppHold extends AsyncDisposable {
  /** Aborted when the lease has become another's. */
  readonly signal: AbortSignal
  /** Holds in a transaction while the lease is this one's. */
  readonly fence: Compare
}
const ttlMs = 15_000
const keepAliveMs = 4_000

/** Fault deploy_running when a deploy or another scaling has the app, or `mayTake` does not hold any more. */
export async function holdApp(deps: HoldDeps, app: App, holder: string, mayTake: readonly Compare[] = []): Promise<AppHold> {
  const { store, records, clock } = deps
  // One whose control has died has no lease just now, but goes on as soon as that has run out.
  const deploy = records.list<DeployRecord>(`${prefixes.deploys}${app.name}/`).findLast((found) => !isEnded(found))
  if (deploy !== undefined) throw fault('deploy_running', { app: app.name, holder: `release v${deploy.release.version} by ${deploy.createdBy}` })
  const key = appLeaseKey(app.name)
  const lease = await store.grantLease(ttlMs)
  const value = JSON.stringify({ schema: 1, holder } satisfies AppLeaseValue)
  const taken = await store.transact({
    compare: [{ key, target: 'version', is: '=', to: 0 }, ...mayTake],
    then: [{ op: 'put', key, value, lease }],
  })
  await deps.settle(taken.revision)
  if (!taken.held) {
    await store.revokeLease(lease)
    throw fault('deploy_running', { app: app.name, holder: records.get<AppLeaseValue>(key)?.holder ?? 'another one, which has just ended' })
  }
  const lost = new AbortController()
  const released = new AbortController()
  const keepAlive = async () => {
    while (!released.signal.aborted) {
      try {
        await clock.sleep(keepAliveMs, released.signal)
        if (await store.keepLeaseAlive(lease)) continue
        lost.abort(fault('deploy_running', { app: app.name, holder: 'another control' }))
        return
      } catch (error) {
        if (released.signal.aborted) return
        // The store is away: the lease may still be ours when it is back.
        if (isFault(error)) continue
        lost.abort(error)
        return
      }
    }
  }
  const keeping = keepAlive()
  return {
    signal: lost.signal,
    fence: { key, target: 'createRevision', is: '=', to: taken.revision },
    async [Symbol.asyncDispose]() {
      released.abort()
      await keeping
      await store.revokeLease(lease)
    },
  }
}
