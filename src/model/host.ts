import type { HostId } from './ids.ts'
import type { Region } from './region/region.ts'

/** `host/<id>`: a computer (or, embedded, a part of one) that runs machines in one region. */
export interface HostRecord {
  readonly schema: 1
  readonly id: HostId
  readonly region: Region
  readonly runtime: 'process'
  /** How control and edges reach the host role: `unix:/path` today, `https://…` later. */
  readonly address: string
  /** Where its edge listens for clients, host:port. */
  readonly edgeListen: readonly string[]
  readonly createdAt: string
}
