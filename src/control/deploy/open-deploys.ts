import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { App } from '../../model/app.ts'
import { isEnded, type DeployEventRecord, type DeployRecord } from '../../model/deploy/deploy-record.ts'
import { rollbackTarget } from '../../model/deploy/rollback-target.ts'
import { fault, isFault } from '../../model/fault/fault.ts'
import type { DeployId, RandomBytes } from '../../model/ids.ts'
import { deployRequest, type DeployRequest, type RollbackRequest } from '../../protocol/kante-api.ts'
import type { Store } from '../../store/contract.ts'
import { keys, prefixes } from '../../store/keys.ts'
import type { Mirror } from '../../store/mirror.ts'
import type { Caller } from '../api/route.ts'
import type { MachineOrders } from '../orders/machine-orders.ts'
import type { PlatformView } from '../platform/platform-view.ts'
import type { OrgScope } from '../state/org-scope.ts'
import type { Records } from '../state/records.ts'
import { appLeaseKey, appLeasePrefix, type AppLeaseValue } from './app-lease.ts'
import { carryOutDeploy } from './carry-out-deploy.ts'
import { openDeployJournal, type DeployJournal } from './deploy-journal.ts'
import { deployRecordOf } from './deploy-record-of.ts'
import { openMachineHands } from './machine-hands.ts'
import { nextChange } from './next-change.ts'

export interface DeployDeps {
  readonly store: Store
  readonly mirror: Mirror
  readonly records: Records
  readonly orders: MachineOrders
  readonly platform: PlatformView
  readonly settle: (revision: number | undefined) => Promise<void>
  readonly clock: Clock
  readonly random: RandomBytes
  readonly log: Log
  /** Whether every edge has the routes as of a revision of the store. */
  readonly haveRoutes: (revision: number) => boolean
  /** No other control can be at work on this store: what a former one held is free. */
  readonly isAlone: boolean
  /** How long edges may take to have new routes; one that is silent for longer is not waited for. */
  readonly edgePatienceMs: number
  /** See machine-hands. `isFresh`: the deploy was begun by this control. */
  readonly reached?: ((point: string, isFresh: boolean) => void) | undefined
}
/** Deploys as records that whoever holds the app's lease carries out (docs/adr/0012). Disposing it leaves running ones to the next control. */
export interface Deploys extends AsyncDisposable {
  /** Plans and records a deploy, and begins it. Faults deploy_running, no_host_in_region, unsupported_by_runtime, app_changed. */
  start(scope: OrgScope, app: App, request: DeployRequest, caller: Caller): Promise<DeployRecord>
  /** A deploy of what an earlier release was made of, without its release command. Faults release_not_found, deploy_running … */
  rollback(scope: OrgScope, app: App, request: RollbackRequest, caller: Caller): Promise<DeployRecord>
  /** Calls a deploy off that has not touched a machine of the app; its end follows. Fault deploy_begun. */
  cancel(scope: OrgScope, app: App, id: string, caller: Caller): DeployRecord
  /** The events after `after`, then those that come, until the deploy has ended. */
  follow(scope: OrgScope, app: App, id: string, after: number, signal: AbortSignal): AsyncIterable<DeployEventRecord>
}
interface Attempt {
  readonly lease: string
  readonly cancelled: AbortSignal
  /** Begun by this control, not gone on with. */
  readonly isFresh: boolean
  readonly reached: ((point: string) => void) | undefined
}
const leaseTtlMs = 5_000
const keepAliveMs = 1_500
const takeOverMs = 1_000
const patienceMs = 2_000
const keptDeploys = 20
const pollMs = 50
const hostPatienceMs = 15_000

export function openDeploys(deps: DeployDeps): Deploys {
  const { store, mirror, records, clock, log } = deps
  const running = new Map<DeployId, { readonly work: Promise<void>; readonly cancel: (reason: string) => boolean }>()
  const stopping = new AbortController()
  const activeOf = (app: App['name']) => records.list<DeployRecord>(`${prefixes.deploys}${app}/`).findLast((deploy) => !isEnded(deploy))

  function refuseIfRunning(app: App): void {
    const active = activeOf(app.name)
    const held = records.get<AppLeaseValue>(appLeaseKey(app.name))
    if (active !== undefined)
      throw fault('deploy_running', { app: app.name, holder: `release v${active.release.version} by ${active.createdBy} since ${active.startedAt}` })
    if (held !== undefined) throw fault('deploy_running', { app: app.name, holder: held.holder })
  }

  async function start(scope: OrgScope, app: App, request: DeployRequest, caller: Caller, rollbackOf?: number): Promise<DeployRecord> {
    refuseIfRunning(app)
    const { deploy, release } = deployRecordOf(deps, scope, app, request, caller, rollbackOf)
    const lease = await store.grantLease(leaseTtlMs)
    const seen = records.getVersioned<App>(keys.app(app.name))
    if (seen === undefined || seen.value.isClosing) throw fault('app_changed', { app: app.name })
    const primary = request.primaryRegion === undefined ? undefined : deploy.steps.find((step) => step.action === 'create')?.region
    const changed = primary === undefined || app.primaryRegion !== undefined ? [] : [{ ...seen.value, primaryRegion: primary }]
    const written = await store.transact({
      compare: [
        { key: keys.app(app.name), target: 'modRevision', is: '=', to: seen.modRevision },
        { key: appLeaseKey(app.name), target: 'version', is: '=', to: 0 },
        { key: keys.release(app.name, release.version), target: 'version', is: '=', to: 0 },
      ],
      then: [
        { op: 'put', key: appLeaseKey(app.name), value: leaseValue(deploy), lease },
        { op: 'put', key: keys.release(app.name, release.version), value: JSON.stringify(release) },
        { op: 'put', key: keys.deploy(app.name, deploy.id), value: JSON.stringify(deploy) },
        ...changed.map((value) => ({ op: 'put', key: keys.app(app.name), value: JSON.stringify(value) }) as const),
        ...outlived(scope, app).map((old) => ({ op: 'delete', key: keys.deploy(app.name, old.id) }) as const),
      ],
    })
    await deps.settle(written.revision)
    if (!written.held) {
      await store.revokeLease(lease)
      refuseIfRunning(app)
      throw fault('app_changed', { app: app.name })
    }
    begin(deploy, lease, written.revision, true)
    return deploy
  }

  /** Records beyond the newest ones, a handful at a time. */
  const outlived = (scope: OrgScope, app: App) => scope.deploys(app).filter(isEnded).slice(0, -keptDeploys).slice(0, 16)

  const leaseValue = (deploy: DeployRecord) =>
    JSON.stringify({ schema: 1, deploy: deploy.id, holder: `release v${deploy.release.version} by ${deploy.createdBy}` } satisfies AppLeaseValue)

  function begin(deploy: DeployRecord, lease: string, createRevision: number, isFresh: boolean): void {
    const reached = deps.reached && ((point: string) => deps.reached?.(point, isFresh))
    const journal = openDeployJournal({ store, records, settle: deps.settle, clock, reached }, deploy, {
      key: appLeaseKey(deploy.app),
      createRevision,
    })
    const cancelled = new AbortController()
    const work = carryOut(journal, { lease, cancelled: cancelled.signal, isFresh, reached })
      .catch((error: unknown) => log.error('deploy broke off', { app: deploy.app, deploy: deploy.id, error }))
      .finally(() => running.delete(deploy.id))
    const cancel = (reason: string) => {
      if (!journal.cancel()) return false
      cancelled.abort(new Error(reason))
      return true
    }
    running.set(deploy.id, { work, cancel })
  }

  async function carryOut(journal: DeployJournal, { lease, cancelled, isFresh, reached }: Attempt): Promise<void> {
    const { app, id } = journal.record
    const lost = new AbortController()
    const signal = AbortSignal.any([stopping.signal, lost.signal])
    const keeping = keepAlive(lease, lost, signal)
    try {
      if (!isFresh) await hostsBack(signal)
      const hands = openMachineHands({ ...deps, reached })
      await carryOutDeploy({ journal, hands, clock, edgesAt }, signal, cancelled)
    } catch (error) {
      if (!signal.aborted && !isFault(error, 'deploy_lost')) throw error
      log.info('deploy is left to the next control', { app, deploy: id })
    } finally {
      lost.abort()
      await keeping
      await store.revokeLease(lease).catch((error: unknown) => log.warn('lease of a deploy ends by itself', { app, error }))
    }
  }

  /** A control that has just started does not know all hosts yet: none of them is given up for that. */
  async function hostsBack(signal: AbortSignal): Promise<void> {
    const deadline = clock.monotonic() + hostPatienceMs
    const isMissing = () => deps.platform.hosts().some((host) => !deps.platform.isReachable(host.id))
    while (isMissing() && clock.monotonic() < deadline) await clock.sleep(pollMs, signal)
  }

  async function edgesAt(revision: number, signal: AbortSignal): Promise<void> {
    const deadline = clock.monotonic() + deps.edgePatienceMs
    while (!deps.haveRoutes(revision) && clock.monotonic() < deadline) await clock.sleep(pollMs, signal)
  }

  async function keepAlive(lease: string, lost: AbortController, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await clock.sleep(keepAliveMs, signal)
        if (!(await store.keepLeaseAlive(lease))) lost.abort()
      } catch (error) {
        // The store is away: writes fail by themselves, and the lease may still be ours when it is back.
        if (!signal.aborted) log.warn('cannot keep the lease of a deploy', { error })
      }
    }
  }

  /** Deploys that nobody carries out: their control ended. Their lease has to have run out first. */
  async function takeOver(): Promise<void> {
    for (const deploy of records.list<DeployRecord>(prefixes.deploys)) {
      if (isEnded(deploy) || running.has(deploy.id) || records.get(appLeaseKey(deploy.app)) !== undefined) continue
      const lease = await store.grantLease(leaseTtlMs)
      const key = appLeaseKey(deploy.app)
      const row = records.getVersioned<DeployRecord>(keys.deploy(deploy.app, deploy.id))
      const written =
        row && !isEnded(row.value)
          ? await store.transact({
              compare: [
                { key, target: 'version', is: '=', to: 0 },
                { key: keys.deploy(deploy.app, deploy.id), target: 'modRevision', is: '=', to: row.modRevision },
              ],
              then: [{ op: 'put', key, value: leaseValue(deploy), lease }],
            })
          : undefined
      if (row === undefined || !written?.held) {
        await store.revokeLease(lease)
        continue
      }
      log.info('deploy goes on', { app: deploy.app, deploy: deploy.id })
      await deps.settle(written.revision)
      if (!stopping.signal.aborted) begin(row.value, lease, written.revision, false)
    }
  }
  /** Leases of a control that has ended would keep its deploys waiting until they run out. */
  async function freeLeases(): Promise<void> {
    for (const entry of mirror.list(appLeasePrefix)) {
      const compare = [{ key: entry.key, target: 'modRevision', is: '=', to: entry.modRevision } as const]
      const freed = await store.transact({ compare, then: [{ op: 'delete', key: entry.key }] })
      await deps.settle(freed.revision)
    }
  }
  async function takeOverLoop(): Promise<void> {
    if (deps.isAlone) await freeLeases().catch((error: unknown) => log.warn('leases of the former control run out by themselves', { error }))
    while (!stopping.signal.aborted) {
      try {
        await takeOver()
        await clock.sleep(takeOverMs, stopping.signal)
      } catch (error) {
        if (stopping.signal.aborted) return
        log.warn('cannot look for deploys to go on with', { error })
        await clock.sleep(takeOverMs, stopping.signal).catch(() => undefined)
      }
    }
  }
  const looking = takeOverLoop()

  return {
    start: (scope, app, request, caller) => start(scope, app, request, caller),
    async rollback(scope, app, request, caller) {
      const target = rollbackTarget(scope.releases(app), request.version)
      if (target?.deployed === undefined) throw fault('release_not_found', { app: app.name, version: request.version ?? 'before this one' })
      const { groups, waitTimeoutMs, machineChecks } = target.deployed
      const asked = deployRequest.parse({
        image: target.image,
        groups,
        definition: target.definition,
        strategy: request.strategy ?? target.strategy,
        waitTimeoutMs,
        machineChecks,
      })
      // As they were sent, keys in their order: the schema sorts them.
      return start(scope, app, { ...asked, groups }, caller, target.version)
    },
    cancel(scope, app, id, caller) {
      const deploy = scope.deploy(app, id)
      const isCancelled = isEnded(deploy) ? deploy.isCancelled === true : running.get(deploy.id)?.cancel(`called off by ${caller.tokenId}`)
      if (isCancelled !== true) throw fault('deploy_begun', { app: app.name, id })
      return deploy
    },
    async *follow(scope, app, id, after, signal) {
      let last = after
      const ended = AbortSignal.any([signal, stopping.signal])
      for (;;) {
        const changed = nextChange(mirror, keys.deploy(app.name, scope.deploy(app, id).id), ended)
        const deploy = scope.deploy(app, id)
        for (const event of deploy.events) if (event.seq > last) yield event
        last = Math.max(last, deploy.events.at(-1)?.seq ?? 0)
        if (isEnded(deploy) || ended.aborted) {
          changed.leave()
          return
        }
        await changed.happened
      }
    },
    async [Symbol.asyncDispose]() {
      stopping.abort(new Error('control ends'))
      await looking
      // A host may be slow to answer. What still goes on then ends at its next write; the next control waits for the lease to run out.
      await Promise.race([Promise.all(Array.from(running.values(), ({ work }) => work)), clock.sleep(patienceMs)])
    },
  }
}
