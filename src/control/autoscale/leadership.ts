import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import { isFault } from '../../model/fault/fault.ts'
import type { Compare, Store } from '../../store/contract.ts'
import { keys } from '../../store/keys.ts'

/** Of several controls, the one that runs a loop. */
export interface Leadership extends AsyncDisposable {
  /** Holds in a transaction while this control leads; undefined when it does not. */
  fence(): Compare | undefined
}
const ttlMs = 6_000
const everyMs = 2_000

/** Tries to lead the loop `name` for as long as it lives. Whoever led and has died is followed when its lease runs out. */
export function openLeadership(deps: { readonly store: Store; readonly clock: Clock; readonly log: Log }, name: string): Leadership {
  const { store, clock, log } = deps
  const key = keys.lease(`loop/${name}`)
  const stopping = new AbortController()
  let led: { readonly lease: string; readonly revision: number } | undefined

  async function lead(): Promise<void> {
    if (led !== undefined) {
      if (await store.keepLeaseAlive(led.lease)) return
      led = undefined
    }
    const lease = await store.grantLease(ttlMs)
    const taken = await store.transact({
      compare: [{ key, target: 'version', is: '=', to: 0 }],
      then: [{ op: 'put', key, value: JSON.stringify({ schema: 1, holder: name }), lease }],
    })
    if (taken.held) led = { lease, revision: taken.revision }
    else await store.revokeLease(lease)
  }
  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await lead()
      } catch (error) {
        // While the store is away nothing that the fence guards can be written either.
        if (!isFault(error)) log.error('cannot lead a loop', { name, error })
      }
      await clock.sleep(everyMs, stopping.signal).catch(() => undefined)
    }
    if (led !== undefined) await store.revokeLease(led.lease).catch((error: unknown) => log.warn('a lease ends by itself', { name, error }))
  }
  const looping = loop()
  return {
    fence: () => led && { key, target: 'createRevision', is: '=', to: led.revision },
    async [Symbol.asyncDispose]() {
      stopping.abort(new Error('control ends'))
      await looping
    },
  }
}
