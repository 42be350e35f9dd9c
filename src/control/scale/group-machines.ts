import type { App } from '../../model/app.ts'
import { groupOf, isManaged } from '../../model/deploy/plan-deploy.ts'
import type { DesiredMachine } from '../../model/machine/machine-record.ts'
import type { OrgScope } from '../state/org-scope.ts'

/** The machines that scaling counts: those that a deploy or a scaling made (platform-semantics §4.1), oldest first. */
export const managedMachines = (scope: OrgScope, app: App): readonly DesiredMachine[] =>
  scope.machines(app).flatMap(({ desired }) => (desired && isManaged(desired.config) && desired.order !== 'destroying' ? [desired] : []))

export const machinesOfGroup = (scope: OrgScope, app: App, group: string): readonly DesiredMachine[] =>
  managedMachines(scope, app).filter((machine) => groupOf(machine.config) === group)

/** A volume or a machine that it stands by for keeps it where it is. */
export const isAnchored = ({ config }: DesiredMachine): boolean => (config.mounts?.length ?? 0) > 0 || (config.standbys?.length ?? 0) > 0
