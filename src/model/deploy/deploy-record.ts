import type { AppName, DeployId, InstanceId, MachineId, OrgSlug, RegionCode, ReleaseId } from '../ids.ts'
import type { MachineConfig } from '../machine/machine-config.ts'
import type { DeployStrategy } from './deploy-strategy.ts'

/**
 * `deploy/<app>/<id>`: the plan of a deploy and how far it is. Whoever holds the app's lease carries it out from here, so a deploy outlives the control
 * that began it: every step can be done again (docs/adr/0012, 0016).
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
  /** rolling where it is missing. */
  readonly strategy?: DeployStrategy
  readonly options?: DeployOptions
  readonly steps: readonly DeployMachineStep[]
  /** Config that machines had before, by the key that steps name: many machines share one. */
  readonly former: Readonly<Record<string, MachineConfig>>
  /** Target config per process group, without what is particular to one machine. */
  readonly targets: Readonly<Record<string, MachineConfig>>
  /** Runs to its end before any machine of the app is touched. `timeoutMs` 0: without limit. */
  readonly releaseCommand?: { readonly config: MachineConfig; readonly timeoutMs: number }
  /** Per process group: programs that test a machine of the release and must end with 0. */
  readonly machineChecks?: Readonly<Record<string, readonly MachineConfig[]>>
  readonly waitTimeoutMs: number
  /** Everything has passed: from here on the deploy only goes forward, so that nothing that was destroyed has to come back. */
  readonly isCommitted?: true
  /** It was called off before it touched a machine of the app. */
  readonly isCancelled?: true
  readonly events: readonly DeployEventRecord[]
  readonly error?: string
  readonly createdBy: string
  readonly startedAt: string
  readonly endedAt?: string
}
export interface DeployOptions {
  /** 1 and more: machines; less: the share of a group's running machines (platform-semantics §5.3). */
  readonly maxUnavailable: number
  /** Machines under way at once, where the strategy sets no smaller number. */
  readonly maxConcurrent: number
  /** Whether a machine without checks must stay up for a moment. */
  readonly smokeChecks: boolean
}
export const defaultOptions: DeployOptions = { maxUnavailable: 0.33, maxConcurrent: 8, smokeChecks: true }

/**
 * What happens to one machine. Ids are chosen with the plan, so that a step repeated after a crash meets its own work.
 * release_command: runs it. canary: made, tested, destroyed again. create: a new machine, for a group that is new or in place of another (bluegreen).
 */
export interface DeployMachineStep {
  readonly action: 'release_command' | 'canary' | 'create' | 'update' | 'destroy'
  readonly machine: MachineId
  readonly instanceId: InstanceId
  readonly group: string
  readonly region: RegionCode
  /** warm: it runs (or is to run), so it is drained, started anew and has to pass the gates. */
  readonly warm: boolean
  /** Key into `former`. */
  readonly former?: string
  /** bluegreen: the machine that this one takes the place of. It is made cordoned. */
  readonly replaces?: MachineId
  /** A spare for this machine: made, not started. */
  readonly standbyFor?: MachineId
  /** The machines that the group's machine checks run in. */
  readonly tests?: readonly MachineId[]
  /** The version that gives the former config back, should the deploy fail. */
  readonly undoInstanceId: InstanceId
  /** touched: its host may have been asked. passed: through its gates. undone: back as it was. */
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
export const strategyOf = (deploy: DeployRecord): DeployStrategy => deploy.strategy ?? 'rolling'
export const optionsOf = (deploy: DeployRecord): DeployOptions => deploy.options ?? defaultOptions

/** Until a machine of the app is touched there is nothing to undo, and a deploy can be called off; its release command does not count. */
export const canCancel = (deploy: DeployRecord): boolean =>
  deploy.status === 'running' && deploy.steps.every((step) => step.progress === 'planned' || step.action === 'release_command')
