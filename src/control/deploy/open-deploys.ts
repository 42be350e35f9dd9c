import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { App, Release } from '../../model/app.ts'
import { isEnded, type DeployEventRecord, type DeployRecord } from '../../model/deploy/deploy-record.ts'
import { planDeploy } from '../../model/deploy/plan-deploy.ts'
import { fault, isFault } from '../../model/fault/fault.ts'
import { newDeployId, newInstanceId, newMachineId, newReleaseId, type DeployId, type RandomBytes } from '../../model/ids.ts'
import type { DeployRequest } from '../../protocol/kante-api.ts'
import type { Store } from '../../store/contract.ts'
import { keys, prefixes } from '../../store/keys.ts'
import type { Mirror } from '../../store/mirror.ts'
import type { Caller } from '../api/route.ts'
import type { MachineOrders } from '../orders/machine-orders.ts'
import type { PlatformView } from '../platform/platform-view.ts'
import { secretsPin } from '../secrets/secrets-pin.ts'
import type { OrgScope } from '../state/org-scope.ts'
import type { Records } from '../state/records.ts'
import { appLeaseKey, type AppLeaseValue } from './app-lease.ts'
import { carryOutDeploy } from './carry-out-deploy.ts'
import { openDeployJournal } from './deploy-journal.ts'

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
}
/** Deploys as records that whoever holds the app's lease carries out (docs/adr/0012). Disposing it leaves running ones to the next control. */
export interface Deploys extends AsyncDisposable {
  /** Plans and records a deploy, and begins it. Faults deploy_running, no_host_in_region, unsupported_by_runtime, app_changed. */
  start(scope: OrgScope, app: App, request: DeployRequest, caller: Caller): Promise<DeployRecord>
  /** The events after `after`, then those that come, until the deploy has ended. */
  follow(scope: OrgScope, app: App, id: string, after: number, signal: AbortSignal): AsyncIterable<DeployEventRecord>
}
const leaseTtlMs = 5_000
const keepAliveMs = 1_500
const takeOverMs = 1_000
const patienceMs = 2_000
const keptDeploys = 20

export function openDeploys(deps: DeployDeps): Deploys {
  const { store, mirror, records, clock, random, log } = deps
  const running = new Map<DeployId, Promise<void>>()
  const stopping = new AbortController()
  const activeOf = (app: App['name']) => records.list<DeployRecord>(`${prefixes.deploys}${app}/`).findLast((deploy) => !isEnded(deploy))

  function refuseIfRunning(app: App): void {
    const active = activeOf(app.name)
    const held = records.get<AppLeaseValue>(appLeaseKey(app.name))
    if (active !== undefined)
      throw fault('deploy_running', { app: app.name, holder: `release v${active.release.version} by ${active.createdBy} since ${active.startedAt}` })
    if (held !== undefined) throw fault('deploy_running', { app: app.name, holder: held.holder })
  }

  function recordOf(scope: OrgScope, app: App, request: DeployRequest, caller: Caller): { deploy: DeployRecord; release: Release } {
    const version = (scope.releases(app).at(-1)?.version ?? 0) + 1
    const groups = Object.fromEntries(Object.entries(request.groups).map(([group, config]) => [group, { ...config, image: request.image }]))
    const machines = scope
      .machines(app)
      .flatMap(({ id, desired, observed }) =>
        desired === undefined || desired.order === 'destroying'
          ? []
          : [{ id, region: desired.region, config: desired.config, state: observed?.state ?? ('created' as const) }],
      )
    const [primaryRegion] = deps.platform.wanted(request.primaryRegion, app.primaryRegion)
    const plan = planDeploy({
      groups,
      machines,
      primaryRegion: primaryRegion!,
      ha: request.ha,
      newMachineId: () => newMachineId(random),
      newInstanceId: () => newInstanceId(clock.now(), random),
    })
    const startedAt = new Date(clock.now()).toISOString()
    const release: Release = {
      schema: 1,
      id: newReleaseId(clock.now(), random),
      app: app.name,
      version,
      image: request.image,
      status: 'running',
      strategy: request.strategy,
      ...secretsPin(records, app.name),
      definition: request.definition ?? null,
      createdBy: caller.tokenId,
      createdAt: startedAt,
    }
    const count = (action: string) => plan.steps.filter((step) => step.action === action).length
    const message = `release v${version}: ${count('create')} machines to create, ${count('update')} to update, ${count('destroy')} to destroy`
    const deploy: DeployRecord = {
      schema: 1,
      id: newDeployId(clock.now(), random),
      app: app.name,
      org: app.org,
      release: { id: release.id, version },
      image: request.image,
      status: 'running',
      steps: plan.steps,
      former: plan.former,
      targets: groups,
      waitTimeoutMs: request.waitTimeoutMs,
      events: [{ seq: 1, at: startedAt, kind: 'plan', message }],
      createdBy: caller.tokenId,
      startedAt,
    }
    return { deploy, release }
  }

  async function start(scope: OrgScope, app: App, request: DeployRequest, caller: Caller): Promise<DeployRecord> {
    refuseIfRunning(app)
    const { deploy, release } = recordOf(scope, app, request, caller)
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
    begin(deploy, lease, written.revision)
    return deploy
  }

  /** Records beyond the newest ones, a handful at a time. */
  const outlived = (scope: OrgScope, app: App) => scope.deploys(app).filter(isEnded).slice(0, -keptDeploys).slice(0, 16)

  const leaseValue = (deploy: DeployRecord) =>
    JSON.stringify({ schema: 1, deploy: deploy.id, holder: `release v${deploy.release.version} by ${deploy.createdBy}` } satisfies AppLeaseValue)

  function begin(deploy: DeployRecord, lease: string, createRevision: number): void {
    const work = carryOut(deploy, lease, createRevision)
      .catch((error: unknown) => log.error('deploy broke off', { app: deploy.app, deploy: deploy.id, error }))
      .finally(() => running.delete(deploy.id))
    running.set(deploy.id, work)
  }

  async function carryOut(deploy: DeployRecord, lease: string, createRevision: number): Promise<void> {
    const lost = new AbortController()
    const signal = AbortSignal.any([stopping.signal, lost.signal])
    const keeping = keepAlive(lease, lost, signal)
    const journal = openDeployJournal({ store, records, settle: deps.settle, clock }, deploy, { key: appLeaseKey(deploy.app), createRevision })
    try {
      await carryOutDeploy(deps, journal, signal)
    } catch (error) {
      if (!signal.aborted && !isFault(error, 'deploy_lost')) throw error
      log.info('deploy is left to the next control', { app: deploy.app, deploy: deploy.id })
    } finally {
      lost.abort()
      await keeping
      await store.revokeLease(lease).catch((error: unknown) => log.warn('lease of a deploy ends by itself', { app: deploy.app, error }))
    }
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
      if (!stopping.signal.aborted) begin(row.value, lease, written.revision)
    }
  }
  async function takeOverLoop(): Promise<void> {
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
    start,
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
      await Promise.race([Promise.all(running.values()), clock.sleep(patienceMs)])
    },
  }
}

/** Resolves at the next change of a key, or when the signal ends the wait. */
function nextChange(mirror: Mirror, key: string, signal: AbortSignal): { readonly happened: Promise<void>; leave(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  const listening = mirror.onChange(key, () => leave())
  const leave = () => {
    listening[Symbol.dispose]()
    signal.removeEventListener('abort', leave)
    resolve()
  }
  signal.addEventListener('abort', leave, { once: true })
  if (signal.aborted) leave()
  return { happened: promise, leave }
}
