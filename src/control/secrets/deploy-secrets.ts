import type { App } from '../../model/app.ts'
import type { DeployRecord } from '../../model/deploy/deploy-record.ts'
import { groupOf, isManaged } from '../../model/deploy/plan-deploy.ts'
import { fault } from '../../model/fault/fault.ts'
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
  const last = scope.deploys(app).findLast((deploy) => deploy.status === 'complete')
  const release = scope.releases(app).findLast((found) => found.status === 'complete')
  if (last === undefined || release === undefined) throw fault('never_deployed', { app: app.name })
  return deploys.start(scope, app, requestOf(scope, app, last, release.definition), caller)
}

/** The groups as they are, sizes that were changed since included; one that has no machine gets none. */
function requestOf(scope: OrgScope, app: App, last: DeployRecord, definition: unknown): DeployRequest {
  const machines = scope.machines(app).flatMap(({ desired }) => (desired !== undefined && isManaged(desired.config) ? [desired.config] : []))
  const groups = Object.entries(last.targets).map(([group, target]) => {
    const found = machines.find((config) => groupOf(config) === group)
    return [group, found === undefined ? target : withoutStandbys(found)] as const
  })
  const request = deployRequest.parse({
    image: last.image,
    groups: {},
    ha: false,
    only: { updateOnly: true },
    waitTimeoutMs: last.waitTimeoutMs,
    ...(app.primaryRegion === undefined ? {} : { primaryRegion: app.primaryRegion }),
  })
  // Past the schema: configs keep the order of their keys.
  return { ...request, groups: Object.fromEntries(groups), definition }
}
const withoutStandbys = ({ standbys: _standbys, ...config }: MachineConfig): Record<string, unknown> => config
