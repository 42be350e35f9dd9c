import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Clock } from '../kit/clock.ts'
import { ensureFolder } from '../kit/durable-file.ts'
import type { Log } from '../kit/log.ts'
import type { Secret } from '../kit/secret.ts'
import type { App, Bundle } from '../model/app.ts'
import { fault } from '../model/fault/fault.ts'
import { edgeIdOf, type Digest, type HostId, type OrgSlug, type RandomBytes, type RegionCode } from '../model/ids.ts'
import type { TokenRecord } from '../model/token.ts'
import type { HostPort } from '../protocol/host-port.ts'
import type { SecretSource } from '../protocol/secret-source.ts'
import type { Store } from '../store/contract.ts'
import { keys } from '../store/keys.ts'
import type { Mirror } from '../store/mirror.ts'
import { apiRoutes } from './api/api-routes.ts'
import { openAuthenticator } from './api/authenticate.ts'
import { buildApi, type Connection } from './api/build-api.ts'
import { hostAllowList } from './api/host-allow-list.ts'
import { serveApi } from './api/serve-api.ts'
import type { Caller } from './api/route.ts'
import type { MachineServices } from './api/services.ts'
import { openAutoscale, type AutoscaleLoopOptions } from './autoscale/autoscale-loop.ts'
import { openLeadership } from './autoscale/leadership.ts'
import { openAuditLog } from './audit/audit-log.ts'
import { openAutostop } from './autostop/autostop-loop.ts'
import { openBundleBuilder } from './bundles/build-bundle.ts'
import type { DependencyInstaller } from './bundles/dependency-installer.ts'
import { openLayerStore } from './bundles/layer-store.ts'
import { openDeploys } from './deploy/open-deploys.ts'
import { openAppLogs } from './logs/app-logs.ts'
import { openMachineOrders } from './orders/machine-orders.ts'
import { reconcileOrders } from './orders/reconcile-orders.ts'
import { countMachines } from './platform/platform-counts.ts'
import { openPlatformView } from './platform/platform-view.ts'
import { openRetention, type RetentionOptions } from './retention/retention-loop.ts'
import { openLoadIntake } from './routes/load-intake.ts'
import { openRouteFeed } from './routes/route-feed.ts'
import { serveInternal } from './routes/serve-internal.ts'
import { openOrgStore } from './orgs/org-store.ts'
import { openAppSecrets } from './secrets/app-secrets.ts'
import { secretsForHost } from './secrets/host-secrets.ts'
import type { Keyring } from './secrets/keyring.ts'
import { openTokenStore } from './tokens/token-store.ts'
import { defaultOrg } from './seed-platform.ts'
import { settler } from './settle.ts'
import { openOrgScope, type ScopeLimits } from './state/org-scope.ts'
import { openRecords } from './state/records.ts'

export interface ControlDeps {
  readonly store: Store
  /** A mirror of the whole store. */
  readonly mirror: Mirror
  /** The way to a host; undefined while it is not known how to reach it. */
  readonly hosts: (id: HostId) => HostPort | undefined
  readonly installer: DependencyInstaller
  readonly clock: Clock
  readonly random: RandomBytes
  readonly log: Log
  readonly version: string
  /** The keys that secrets are under. */
  readonly keyring: Keyring
  /** For tests that cut deploys off: told of every point in one, and whether this control began it. */
  readonly deployReached?: (point: string, isFresh: boolean) => void
}
export interface ControlOptions {
  /** Control's own folder: layers and temporary files. */
  readonly dir: string
  /** Full rights on `org`. */
  readonly token: Secret
  /** Further tokens, each bound to one org. */
  readonly tokens?: readonly ApiToken[]
  /** `personal` by default. */
  readonly org?: OrgSlug
  /** Apps answer at `<app>.<domain>`; `localhost` when embedded. */
  readonly domain: string
  /** Shown by /v1/kante/platform. */
  readonly home: string
  /** `http://127.0.0.1:4280` */
  readonly apiAddress: string
  /** Shown by /v1/kante/platform, such as `sqlite`. */
  readonly storeName?: string
  /** Regions in the order of `--regions`; the first one takes machines of apps that name none. */
  readonly regions?: readonly RegionCode[]
  /** Host names, beside those of loopback, by which the API may be called (against DNS rebinding). */
  readonly allowedHosts?: readonly string[]
  /** No other control can be at work on this store: deploys that a former one left go on at once. */
  readonly isOnlyControl?: boolean
  /** How long a deploy or a scaling waits for edges to have new routes; 6 s by default. */
  readonly edgePatienceMs?: number
  /** How long a machine must be idle before autostop takes it; 10 s by default. */
  readonly idleMs?: number
  /** How long a machine of an autoscaled app rests before it is destroyed; 10 min by default. */
  readonly scaleInAfterMs?: number
  /** Releases kept per app; 20 by default. */
  readonly keepReleases?: number
  /** Retention’s times, for tests. */
  readonly retention?: Partial<RetentionOptions>
  /** Autoscale's other times; docs/adr/0020 has the defaults. */
  readonly autoscale?: Partial<AutoscaleLoopOptions>
}
export interface ApiToken {
  readonly secret: Secret
  readonly org: OrgSlug
  readonly kind: 'org'
}

/** The same shape as the hosts' LayerSource (host/layer-source.ts): roles do not import each other. */
export interface ControlLayers {
  bundle(digest: Digest): Promise<Bundle>
  layer(digest: Digest): Promise<Readable>
}

export interface ControlRole extends AsyncDisposable {
  readonly api: (request: Request, connection?: Connection) => Response | Promise<Response>
  readonly layers: ControlLayers
  /** What one host may have of secrets: those of its own machines. */
  secretsFor(host: HostId): SecretSource
  /** Serves the API over HTTP; resolves with the port when it listens. Fault `port_in_use`. */
  listenApi(address: string, port: number): Promise<number>
  /** Serves edges on a unix socket: `GET /v1/routes`, `POST /v1/load`. A socket file left behind is replaced. */
  listenInternal(socketPath: string): Promise<void>
}

const defaultIdleMs = 10_000
const autoscaleTimes = (restMs = 600_000): AutoscaleLoopOptions => ({
  everyMs: 1_000,
  pressureMs: 3_000,
  restMs,
  calmMs: Math.min(60_000, restMs / 10),
})
const defaultEdgePatienceMs = 6_000
const retentionTimes = { everyMs: 600_000, graceMs: 3_600_000 }

/** Opens the role: the API as a function, and the loops that finish what an earlier control began. */
export async function openControl(deps: ControlDeps, options: ControlOptions): Promise<ControlRole> {
  const { mirror, clock, random, log, keyring } = deps
  const now = () => clock.now()
  const audit = openAuditLog({ store: deps.store, keyring, now, log })
  const { store } = audit
  const org = options.org ?? defaultOrg
  await using opened = new AsyncDisposableStack()
  const records = openRecords(mirror)
  const settle = settler(deps)
  const counts = opened.use(countMachines(mirror))
  const platform = openPlatformView({ records, counts, hosts: deps.hosts }, options.regions ?? [])
  const orders = openMachineOrders({ store, records, hosts: deps.hosts, settle, clock, random })
  const layers = await openLayerStore(join(options.dir, 'layers'))
  const dependenciesDir = join(options.dir, 'dependencies')
  await ensureFolder(dependenciesDir)
  const bundles = openBundleBuilder({ store, layers, installer: deps.installer, settle, clock, log }, dependenciesDir)
  const loads = openLoadIntake(clock)
  const feed = opened.use(openRouteFeed({ mirror, clock, log }))
  const haveRoutes = (revision: number) =>
    loads.haveRoutes(
      platform.hosts().map((host) => edgeIdOf(host.id)),
      revision,
    )
  const edgePatienceMs = options.edgePatienceMs ?? defaultEdgePatienceMs
  const work = { store, mirror, records, orders, platform, hosts: deps.hosts, settle, haveRoutes, edgePatienceMs, clock, random, log }
  opened.use(reconcileOrders(work))
  opened.use(openRetention({ ...work, layers }, { ...retentionTimes, releases: options.keepReleases ?? 20, ...options.retention }))
  const deploys = opened.use(openDeploys({ ...work, isAlone: options.isOnlyControl ?? false, reached: deps.deployReached }))
  const idleMs = options.idleMs ?? defaultIdleMs
  opened.use(openAutostop({ mirror, loads, hosts: deps.hosts, clock, log }, { idleMs, minUptimeMs: Math.min(idleMs, 5_000), everyMs: 500 }))
  const leadership = opened.use(openLeadership({ store, clock, log }, 'autoscale'))
  const scopeOf = (app: App) => openOrgScope(records, counts, { home: app.org, only: app.org })
  opened.use(openAutoscale({ ...work, loads, scopeOf, leadership }, { ...autoscaleTimes(options.scaleInAfterMs), ...options.autoscale }))
  const secrets = openAppSecrets({ store, records, keyring, settle, random, now })
  const machines: MachineServices = { store, orders, platform, settle, clock, random, log, domain: options.domain }
  const about = {
    version: deps.version,
    startedAt: new Date(clock.now()).toISOString(),
    home: options.home,
    apiAddress: options.apiAddress,
    store: options.storeName ?? 'sqlite',
    pid: process.pid,
  }
  const routes = apiRoutes({
    machines,
    status: { ...machines, loads, counts, about },
    layers,
    bundles,
    logs: openAppLogs({ platform, hosts: deps.hosts, log }),
    deploys,
    scale: work,
    backup: { store, layers, now, version: deps.version },
    secrets,
    tokens: openTokenStore({ store, records, settle, random, now }),
    orgs: openOrgStore({ store, records, keyring, settle, now }),
    keyring,
  })
  const api = buildApi(routes, {
    authenticate: openAuthenticator([{ secret: options.token, org, kind: 'operator' }, ...(options.tokens ?? [])], {
      find: (id) => records.get<TokenRecord>(keys.token(id)),
      now,
    }),
    checkHost: hostAllowList(options.allowedHosts ?? []),
    scopeOf: (caller) => openOrgScope(records, counts, scopeLimitsOf(caller)),
    audit,
    clock,
    random,
    log,
  })
  const owned = opened.move()
  return {
    api,
    layers: {
      async bundle(digest) {
        const bundle = records.get<Bundle>(keys.bundle(digest)) ?? (await readBundle(store, digest))
        if (bundle === undefined) throw fault('bundle_not_found', { digest })
        return bundle
      },
      layer: (digest) => layers.read(digest),
    },
    secretsFor: (host) => secretsForHost({ store, records, secrets }, host),
    async listenApi(address, port) {
      return owned.use(await serveApi(api, address, port)).port
    },
    async listenInternal(socketPath) {
      owned.use(await serveInternal({ feed, loads, log }, socketPath))
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Only the operator's token reaches every org. */
const scopeLimitsOf = (caller: Caller): ScopeLimits => ({
  home: caller.org,
  ...(caller.kind === 'operator' ? {} : { only: caller.org }),
  ...(caller.app === undefined ? {} : { appId: caller.app.id }),
})

/** Straight from the store: a host may ask for a bundle that the mirror has not seen yet. */
async function readBundle(store: Store, digest: Digest): Promise<Bundle | undefined> {
  const entry = await store.get(keys.bundle(digest))
  return entry && (JSON.parse(entry.value) as Bundle)
}
