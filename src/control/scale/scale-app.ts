import type { Clock } from '../../kit/clock.ts'
import type { App } from '../../model/app.ts'
import { groupOf, isManaged, targetConfig } from '../../model/deploy/plan-deploy.ts'
import { fault, isFault } from '../../model/fault/fault.ts'
import type { MachineId, RegionCode } from '../../model/ids.ts'
import type { MachineConfig } from '../../model/machine/machine-config.ts'
import type { DesiredMachine } from '../../model/machine/machine-record.ts'
import { placeMachine } from '../../model/placement/place-machine.ts'
import { planScale } from '../../model/placement/plan-scale.ts'
import type { ScaleReply, ScaleRequest } from '../../protocol/kante-api.ts'
import type { Store } from '../../store/contract.ts'
import type { Caller } from '../api/route.ts'
import { holdAppLease } from '../deploy/app-lease.ts'
import type { MachineOrders } from '../orders/machine-orders.ts'
import type { PlatformView } from '../platform/platform-view.ts'
import type { OrgScope } from '../state/org-scope.ts'
import type { Records } from '../state/records.ts'

export interface ScaleDeps {
  readonly store: Store
  readonly records: Records
  readonly orders: MachineOrders
  readonly platform: PlatformView
  readonly settle: (revision: number | undefined) => Promise<void>
  readonly clock: Clock
}
const drainMs = 5_000

/**
 * `scale count` (platform-semantics §4.1): new machines are copies of the group's first, or of what its last release said; the newest go first. New ones
 * are made before old ones end. Faults never_deployed, unknown_group, deploy_running, insufficient_capacity …
 */
export async function scaleApp(deps: ScaleDeps, scope: OrgScope, app: App, request: ScaleRequest, caller: Caller): Promise<ScaleReply> {
  if (!scope.releases(app).some((release) => release.status === 'complete')) throw fault('never_deployed', { app: app.name })
  await using _lease = await holdAppLease(deps, app.name, `scale by ${caller.tokenId}`)
  const managed = scope
    .machines(app)
    .flatMap(({ desired }) => (desired && isManaged(desired.config) && desired.order !== 'destroying' ? [desired] : []))
  const inGroup = managed.filter((machine) => groupOf(machine.config) === request.group)
  const regions = regionsOf(deps, app, managed, request)
  const plan = planScale({
    machines: inGroup,
    count: request.count,
    regions,
    ...(request.maxPerRegion === undefined ? {} : { maxPerRegion: request.maxPerRegion }),
  })
  const config = plan.create.length === 0 ? undefined : configOf(scope, app, inGroup, request.group)
  const created: { id: MachineId; region: RegionCode }[] = []
  for (const region of plan.create) {
    const host = placeMachine([region], deps.platform.loads(app.name))
    const { report } = await deps.orders.create({ app, host: host.id, region, config: config!, start: true })
    created.push({ id: report.observed.id, region })
  }
  const leaving = inGroup.filter((machine) => plan.destroy.includes(machine.id))
  await Promise.all(leaving.map((machine) => end(deps, machine)))
  return { created, destroyed: leaving.map(({ id, region }) => ({ id, region })), counts: plan.counts }
}

/** Those named, else all where the app has machines, else its primary region. */
function regionsOf({ platform }: ScaleDeps, app: App, machines: readonly DesiredMachine[], request: ScaleRequest): readonly RegionCode[] {
  if (request.regions !== undefined && request.regions.length > 0) {
    return [...new Set(request.regions.flatMap((region) => platform.wanted(region, undefined)))]
  }
  const present = new Set(machines.map((machine) => machine.region))
  if (present.size === 0) return platform.wanted(undefined, app.primaryRegion)
  const others = platform.regions().flatMap(({ code }) => (present.has(code) && code !== app.primaryRegion ? [code] : []))
  return app.primaryRegion !== undefined && present.has(app.primaryRegion) ? [app.primaryRegion, ...others] : others
}

function configOf(scope: OrgScope, app: App, inGroup: readonly DesiredMachine[], group: string): MachineConfig {
  const [first] = inGroup
  if (first !== undefined) {
    const { standbys: _cleared, ...config } = first.config
    return config
  }
  const deploy = scope.deploys(app).findLast((found) => found.status === 'complete')
  const target = deploy && Object.hasOwn(deploy.targets, group) ? deploy.targets[group] : undefined
  if (deploy === undefined || target === undefined) throw fault('unknown_group', { app: app.name, group, have: Object.keys(deploy?.targets ?? {}) })
  return targetConfig(group, target, deploy.image, deploy.release, undefined)
}

async function end({ orders }: ScaleDeps, machine: DesiredMachine): Promise<void> {
  try {
    await orders.host(machine.host).drainMachine(machine.id, { mode: 'stop', timeoutMs: drainMs, reason: 'deploy' })
  } catch (error) {
    // It does not run, or its edges are away: it ends without.
    if (!isFault(error)) throw error
  }
  await orders.destroy(machine, { force: true, source: 'flyd' })
}
