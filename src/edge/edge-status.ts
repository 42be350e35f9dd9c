import type { EdgeId, RegionCode } from '../model/ids.ts'

/** `GET /v1/edge/status` on the edge's own socket. */
export interface EdgeStatus {
  readonly id: EdgeId
  readonly region: RegionCode
  readonly pid: number
  readonly uptimeMs: number
  readonly routes: {
    readonly revision: number
    /** Milliseconds since control last said that this is the newest state; null when it never did since the state was written. */
    readonly ageMs: number | null
    readonly source: 'none' | 'disk' | 'feed'
    readonly connected: boolean
    readonly apps: number
    readonly machines: number
  }
  readonly inFlight: number
  readonly requests: number
  /** Held requests per app, apps without any left out. */
  readonly waiters: Readonly<Record<string, number>>
  /** Wakes under way. */
  readonly wakes: number
  readonly sessions: readonly { readonly host: string; readonly connected: boolean; readonly bootId?: string }[]
}
