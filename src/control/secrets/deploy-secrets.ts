import type { App, Release } from '../../model/app.ts'
import type { DeployRecord } from '../../model/deploy/deploy-record.ts'
import { groupOf, isManaged } from '../../model/deploy/plan-deploy.ts'
import { fault } from '../../model/fault/fault.ts'
import { releaseOf } from '../../model/secret.ts'
import type { MachineConfig } from '../../model/machine/machine-config.ts'
import { deployRequest, type DeployRequest } from '../../protocol/kante-api.ts'
import type { Caller } from '../api/route.ts'
import type { Deploys } from '../deploy/open-deploys.ts'
import type { OrgScope } from '../state/org-scope.ts'

/**
 * Gives an app's machines the secrets of now: a release of the same image and config, through the gates of any other, undone when it fails (docs/adr/0022).
 * Faults never_deployed, and those of a deploy.
 */
export async function deploySecrets(deploys: Deploys, scope: OrgScope, app: App, caller: Caller): Promise<DeployRecord> {
  const release = scope.releases(app).findLast((found) => found.status === 'complete')
  const deployed = release?.deployed ?? deployedOfOlder(scope, app)
  if (release === undefined || deployed === undefined) throw fault('never_deployed', { app: app.name })
  return deploys.start(scope, app, requestOf(scope, app, release, deployed), caller)
}
type Deployed = NonNullable<Release['deployed']>

/** Releases of before do not say what was deployed; their deploy does, while it is kept. */
function deployedOfOlder(scope: OrgScope, app: App): Deployed | undefined {
  const deploy = scope.deploys(app).findLast((found) => found.status === 'complete')
  return deploy && { groups: deploy.targets, waitTimeoutMs: deploy.waitTimeoutMs }
}

/** The groups as their newest machines are, sizes that were changed since included; one that has no machine gets none. */
function requestOf(scope: OrgScope, app: App, release: Release, deployed: Deployed): DeployRequest {
  const configs = scope
    .machines(app)
    .flatMap(({ desired }) => (desired !== undefined && isManaged(desired.config) ? [desired.config] : []))
    .toSorted((a, b) => (releaseOf(b) ?? 0) - (releaseOf(a) ?? 0))
  const groups = Object.entries(deployed.groups).map(([group, target]) => {
    const found = configs.find((config) => groupOf(config) === group)
    return [group, found === undefined ? target : withoutStandbys(found)] as const
  })
  const request = deployRequest.parse({
    image: release.image,
    groups: {},
    ha: false,
    only: { updateOnly: true },
    waitTimeoutMs: deployed.waitTimeoutMs,
    machineChecks: deployed.machineChecks,
    ...(app.primaryRegion === undefined ? {} : { primaryRegion: app.primaryRegion }),
  })
  // Past the schema: configs keep the order of their keys.
  return { ...request, groups: Object.fromEntries(groups), definition: release.definition }
}
const withoutStandbys = ({ standbys: _standbys, ...config }: MachineConfig): Record<string, unknown> => config
