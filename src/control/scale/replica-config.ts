import type { App } from '../../model/app.ts'
import { targetConfig } from '../../model/deploy/plan-deploy.ts'
import { fault } from '../../model/fault/fault.ts'
import type { MachineConfig } from '../../model/machine/machine-config.ts'
import type { DesiredMachine } from '../../model/machine/machine-record.ts'
import type { VmChange } from '../../protocol/kante-api.ts'
import type { OrgScope } from '../state/org-scope.ts'
import { changeGuest } from './change-guest.ts'

/**
 * What a new machine of a group gets (platform-semantics §4.1): the config of the group's first machine, whatever that stands by for; in an empty group
 * what the last complete deploy said, in the size of `vm`. Fault unknown_group.
 */
export function replicaConfig(
  scope: OrgScope,
  app: App,
  group: string,
  machines: readonly DesiredMachine[],
  vm: VmChange | undefined,
): MachineConfig {
  const [first] = machines
  if (first !== undefined) {
    const { standbys: _cleared, ...config } = first.config
    return config
  }
  const deploy = scope.deploys(app).findLast((found) => found.status === 'complete')
  const target = deploy && Object.hasOwn(deploy.targets, group) ? deploy.targets[group] : undefined
  if (deploy === undefined || target === undefined) throw fault('unknown_group', { app: app.name, group, have: Object.keys(deploy?.targets ?? {}) })
  const config = targetConfig(group, target, deploy.image, deploy.release, undefined)
  return vm === undefined ? config : { ...config, guest: changeGuest(config.guest, vm) }
}
