import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { App, Bundle, Release } from '../../model/app.ts'
import type { DeployRecord } from '../../model/deploy/deploy-record.ts'
import type { DesiredMachine } from '../../model/machine/machine-record.ts'
import { planRetention } from '../../model/retention/plan-retention.ts'
import type { Operation, Store } from '../../store/contract.ts'
import { keys, prefixes } from '../../store/keys.ts'
import type { LayerStore } from '../bundles/layer-store.ts'
import type { Records } from '../state/records.ts'

export interface RetentionDeps {
  readonly store: Store
  readonly records: Records
  readonly layers: LayerStore
  readonly clock: Clock
  readonly log: Log
}
export interface RetentionOptions {
  /** Releases kept per app. */
  readonly releases: number
  readonly everyMs: number
  /** What is younger stays, named or not: a layer comes before its bundle, a bundle before its release. */
  readonly graceMs: number
}
const atOnce = 64

/** Takes away releases, bundles and layers that nobody needs any more (docs/adr/0018), the records before the files. */
export function openRetention(deps: RetentionDeps, options: RetentionOptions): AsyncDisposable {
  const { store, records, layers, clock, log } = deps
  const stopping = new AbortController()

  async function pass(): Promise<void> {
    const plan = planRetention(
      {
        apps: records.list<App>(prefixes.apps),
        releases: records.list<Release>(prefixes.releases),
        deploys: records.list<DeployRecord>(prefixes.deploys),
        machines: records.list<DesiredMachine>(prefixes.machines),
        bundles: records.list<Bundle>(prefixes.bundles),
        nowMs: clock.now(),
      },
      options,
    )
    const gone = [...plan.releases.map(({ app, version }) => keys.release(app, version)), ...plan.bundles.map((digest) => keys.bundle(digest))]
    for (let at = 0; at < gone.length; at += atOnce) {
      const then = gone.slice(at, at + atOnce).map((key): Operation => ({ op: 'delete', key }))
      await store.transact({ compare: [], then })
    }
    let removed = 0
    for (const digest of await layers.list()) {
      if (plan.usedLayers.has(digest) || clock.now() - (await layers.usedAtMs(digest)) < options.graceMs) continue
      await layers.remove(digest)
      removed++
    }
    if (gone.length + removed > 0)
      log.info('old releases are gone', { releases: plan.releases.length, bundles: plan.bundles.length, layers: removed })
  }
  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      await clock.sleep(options.everyMs, stopping.signal).catch(() => undefined)
      if (stopping.signal.aborted) return
      try {
        await pass()
      } catch (error) {
        log.warn('old releases stay for now', { error })
      }
    }
  }
  const looping = loop()
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort(new Error('control ends'))
      await looping
    },
  }
}
