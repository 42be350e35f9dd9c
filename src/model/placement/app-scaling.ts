import type { AppName, RegionCode } from '../ids.ts'

/** How autoscale places machines (platform-semantics §4.4): where the load is, or evenly over the regions. */
export type AutoscaleMode = 'balanced' | 'standard'

/** The bounds of a process group's *existing* machines; which of them run is autostop's business (docs/adr/0020). */
export interface AutoscalePolicy {
  readonly mode: AutoscaleMode
  readonly min: number
  readonly max: number
}

/** `scaling/<app>`: where an app's machines may be and how many. Without a record flyctl's rules apply (docs/adr/0019). */
export interface AppScaling {
  readonly schema: 1
  readonly app: AppName
  /** The region pool in the order it was given; absent until `regions add|remove|set`. */
  readonly regions?: readonly RegionCode[]
  /** Used in place of a region of the pool whose hosts do not answer. */
  readonly backup?: readonly RegionCode[]
  /** By process group. */
  readonly autoscale?: Readonly<Record<string, AutoscalePolicy>>
  readonly updatedAt: string
}
export const mostMachines = 1000
