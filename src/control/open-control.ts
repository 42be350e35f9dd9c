import type { Readable } from 'node:stream'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import type { Secret } from '../kit/secret.ts'
import type { Bundle } from '../model/app.ts'
import type { Digest, HostId, OrgSlug, RandomBytes, RegionCode } from '../model/ids.ts'
import type { HostPort } from '../protocol/host-port.ts'
import type { Store } from '../store/contract.ts'
import type { Mirror } from '../store/mirror.ts'
import { apiRoutes } from './api/api-routes.ts'
import { openAuthenticator } from './api/authenticate.ts'
import { buildApi } from './api/build-api.ts'
import { hostAllowList } from './api/host-allow-list.ts'
import { serveApi } from './api/serve-api.ts'
import type { MachineServices } from './api/services.ts'
import type { DependencyInstaller } from './bundles/dependency-installer.ts'
import { openMachineOrders } from './orders/machine-orders.ts'
import { openPlatformView } from './platform/platform-view.ts'
import { defaultOrg } from './seed-platform.ts'
import { settler } from './settle.ts'
import { openOrgScope } from './state/org-scope.ts'
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
  /** How long a machine must be idle before autostop takes it; 10 s by default. */
  readonly idleMs?: number
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
  readonly api: (request: Request) => Response | Promise<Response>
  readonly layers: ControlLayers
  /** Serves the API over HTTP; resolves with the port when it listens. Fault `port_in_use`. */
  listenApi(address: string, port: number): Promise<number>
  /** Serves edges on a unix socket: `GET /v1/routes`, `POST /v1/load`. A socket file left behind is replaced. */
  listenInternal(socketPath: string): Promise<void>
}

/** Opens the role: the API as a function, and the loops that finish what an earlier control began. */
export async function openControl(deps: ControlDeps, options: ControlOptions): Promise<ControlRole> {
  const { store, mirror, clock, random, log } = deps
  const org = options.org ?? defaultOrg
  await using opened = new AsyncDisposableStack()
  const records = openRecords(mirror)
  const settle = settler(deps)
  const platform = opened.use(openPlatformView({ mirror, records, hosts: deps.hosts }, options.regions ?? []))
  const orders = openMachineOrders({ store, records, hosts: deps.hosts, settle, clock, random })
  const machines: MachineServices = { store, orders, platform, settle, clock, random, log, domain: options.domain }
  const routes = apiRoutes({ machines })
  const api = buildApi(routes, {
    authenticate: openAuthenticator([{ secret: options.token, org, kind: 'operator' }, ...(options.tokens ?? [])]),
    checkHost: hostAllowList(options.allowedHosts ?? []),
    scopeOf: (slug) => openOrgScope(records, slug),
    clock,
    random,
    log,
  })
  const owned = opened.move()
  return {
    api,
    layers: undefined as never,
    async listenApi(address, port) {
      const server = owned.use(await serveApi(api, address, port))
      return server.port
    },
    async listenInternal(socketPath) {
      throw new Error(`not wired yet ${socketPath}`)
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
