import type { AppName, DeployId, InstanceId, MachineId, OrgSlug, RegionCode, ReleaseId } from '../ids.ts'
import type { MachineConfig } from '../machine/machine-config.ts'

/**
 * `deploy/<app>/<id>`: the plan of a deploy and how far it is. Whoever holds the app's lease carries it out from here, so a deploy outlives the control
 * that began it: every step can be done again (docs/adr/0012).
 */
export interface DeployRecord {
  readonly schema: 1
  readonly id: DeployId
  readonly app: AppName
  readonly org: OrgSlug
  readonly release: { readonly id: ReleaseId; readonly version: number }
  readonly image: string
  /** undoing: a machine failed, and those touched so far get their former config back. */
  readonly status: 'running' | 'undoing' | 'complete' | 'failed'
  readonly steps: readonly DeployMachineStep[]
  /** Config that machines had before, by the key that steps name: many machines share one. */
  readonly former: Readonly<Record<string, MachineConfig>>
  /** Target config per process group, without what is particular to one machine. */
  readonly targets: Readonly<Record<string, MachineConfig>>
  readonly waitTimeoutMs: number
  readonly events: readonly DeployEventRecord[]
  readonly error?: string
  readonly createdBy: string
  readonly startedAt: string
  readonly endedAt?: string
}

/** What happens to one machine. Ids are chosen with the plan, so that a step repeated after a crash meets its own work. */
export interface DeployMachineStep {
  readonly action: 'create' | 'update' | 'destroy'
  readonly machine: MachineId
  readonly instanceId: InstanceId
  readonly group: string
  readonly region: RegionCode
  /** warm: it runs, so it is drained, started anew and has to pass the gates. */
  readonly warm: boolean
  /** Key into `former`; of updates only. */
  readonly former?: string
  /** The version that gives the former config back, should the deploy fail. */
  readonly undoInstanceId: InstanceId
  /** touched: its host may have been asked. passed: updated and through its gates. undone: back at the former config. */
  readonly progress: 'planned' | 'touched' | 'passed' | 'undone'
}

export interface DeployEventRecord {
  readonly seq: number
  readonly at: string
  readonly kind: 'plan' | 'step' | 'machine' | 'check' | 'log' | 'done' | 'failed'
  readonly message: string
  readonly machine?: MachineId
}
export const isEnded = (deploy: DeployRecord): boolean => deploy.status === 'complete' || deploy.status === 'failed'
