import { fault } from '../../model/fault/fault.ts'
import type { AppName, DeployId } from '../../model/ids.ts'
import type { Store } from '../../store/contract.ts'
import { keys } from '../../store/keys.ts'
import type { Records } from '../state/records.ts'

/** Who changes an app's machines as a whole just now: one at a time, a deploy or a scaling. */
export interface AppLeaseValue {
  readonly schema: 1
  readonly holder: string
  readonly deploy?: DeployId
}
export const appLeasePrefix = keys.lease('deploy/')
export const appLeaseKey = (app: AppName): string => `${appLeasePrefix}${app}`
const ttlMs = 60_000

/** Holds an app's lease for as long as the result lives, a minute at most. Fault deploy_running when another has it. */
export async function holdAppLease(
  deps: { readonly store: Store; readonly records: Records; readonly settle: (revision: number | undefined) => Promise<void> },
  app: AppName,
  holder: string,
): Promise<AsyncDisposable> {
  const key = appLeaseKey(app)
  const lease = await deps.store.grantLease(ttlMs)
  const value = JSON.stringify({ schema: 1, holder } satisfies AppLeaseValue)
  const taken = await deps.store.transact({
    compare: [{ key, target: 'version', is: '=', to: 0 }],
    then: [{ op: 'put', key, value, lease }],
  })
  await deps.settle(taken.revision)
  const release = () => deps.store.revokeLease(lease)
  if (taken.held) return { [Symbol.asyncDispose]: release }
  await release()
  throw fault('deploy_running', { app, holder: deps.records.get<AppLeaseValue>(key)?.holder ?? 'another one, which has just ended' })
}
