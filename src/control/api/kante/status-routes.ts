import type { Release } from '../../../model/app.ts'
import { edgeIdOf } from '../../../model/ids.ts'
import type { HostRecord } from '../../../model/host.ts'
import { isEnded } from '../../../model/deploy/deploy-record.ts'
import { appStatus, platformStatus, releaseList, whoami } from '../../../protocol/kante-api.ts'
import { appJson } from '../machines/app-json.ts'
import { machineFromStore } from '../machines/machine-json.ts'
import { json, route, type Route } from '../route.ts'
import type { MachineServices } from '../services.ts'
import { deployStatusOf } from './deploy-json.ts'
import type { LoadIntake } from '../../routes/load-intake.ts'
import type { PlatformCounts } from '../../platform/platform-counts.ts'

export interface StatusServices extends MachineServices {
  readonly loads: LoadIntake
  readonly counts: PlatformCounts
  readonly about: {
    readonly version: string
    readonly startedAt: string
    readonly home: string
    readonly apiAddress: string
    readonly store: string
    readonly pid: number
  }
}

/** What is there: the platform, the caller, an app. */
export function statusRoutes(services: StatusServices): readonly Route[] {
  const { platform, domain } = services
  return [
    route({
      method: 'GET',
      path: '/v1/kante/platform',
      tag: 'kante',
      access: 'read',
      summary: 'The platform: its regions, hosts and edges',
      replies: { 200: { description: 'the platform', schema: platformStatus } },
      handle: () =>
        json({
          ...services.about,
          domain,
          regions: platform.hosts().map((host) => ({
            code: host.region.code,
            name: host.region.name,
            host: host.id,
            runtime: host.runtime,
            edgeUrl: edgeUrl(host, 'localhost'),
            edge: services.loads.hears([edgeIdOf(host.id)]) ? 'ok' : 'down',
            status: platform.isReachable(host.id) ? 'ok' : 'unreachable',
            machines: platform.machineCount(host.id),
            started: services.counts.startedOn(host.id),
          })),
        }),
    }),
    route({
      method: 'GET',
      path: '/v1/kante/whoami',
      tag: 'kante',
      access: 'read',
      summary: 'What the token of this request is',
      replies: { 200: { description: 'the token', schema: whoami } },
      handle: ({ caller }) =>
        json({
          token: caller.tokenId,
          org: caller.org,
          kind: caller.kind,
          ...(caller.name === undefined ? {} : { name: caller.name }),
          ...(caller.app === undefined ? {} : { app: caller.app.name }),
          ...(caller.expiresAt === undefined ? {} : { expiresAt: caller.expiresAt }),
        }),
    }),
    route({
      method: 'GET',
      path: '/v1/kante/apps/:app/status',
      tag: 'kante',
      access: 'read',
      summary: 'An app: its release, its machines and where it answers',
      replies: { 200: { description: 'the app', schema: appStatus } },
      handle({ scope }, { params }) {
        const app = scope.app(params.app)
        const machines = scope.machines(app)
        const release = scope.releases(app).findLast((found) => found.status === 'complete')
        const deploy = scope.deploys(app).findLast((found) => !isEnded(found))
        const hostname = `${app.name}.${domain}`
        return json({
          app: appJson(app, machines.length, domain),
          hostname,
          urls: platform.hosts().map((host) => ({ region: host.region.code, url: edgeUrl(host, hostname) })),
          ...(app.primaryRegion === undefined ? {} : { primaryRegion: app.primaryRegion }),
          ...(release === undefined ? {} : { release: releaseJson(release) }),
          ...(deploy === undefined ? {} : { deploy: deployStatusOf(deploy) }),
          machines: machines.map((machine) => machineFromStore(app, machine, scope, platform.isReachable(machine.host))),
        })
      },
    }),
    route({
      method: 'GET',
      path: '/v1/kante/apps/:app/releases',
      tag: 'kante',
      access: 'read',
      summary: 'The releases of an app, newest first',
      replies: { 200: { description: 'the releases', schema: releaseList } },
      handle: ({ scope }, { params }) => json({ releases: scope.releases(scope.app(params.app)).toReversed().map(releaseJson) }),
    }),
  ]
}

/** Without the configs that a rollback needs: they are as large as all machines together. */
const releaseJson = ({ deployed, ...release }: Release) => ({ ...release, canRollBack: release.status === 'complete' && deployed !== undefined })

/** `http://NAME:PORT` of a host's edge. */
function edgeUrl(host: HostRecord, name: string): string {
  const port = /:(\d+)$/.exec(host.edgeListen[0] ?? '')?.[1]
  return port === undefined || port === '80' ? `http://${name}` : `http://${name}:${port}`
}
