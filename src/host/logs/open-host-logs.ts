import type { Clock } from '../../kit/clock.ts'
import type { RegionCode } from '../../model/ids.ts'
import type { HostLogs } from './log-contract.ts'

export interface HostLogsOptions {
  /** HOSTDIR/logs */
  readonly dir: string
  readonly region: RegionCode
}
/** The logs of this host: a folder per app, in it a file per machine (its keeper's) and `host.ndjson` (ours). */
export function openHostLogs(_deps: { readonly clock: Clock }, _options: HostLogsOptions): Promise<HostLogs> {
  return Promise.reject(new Error('host logs: not in place yet'))
}
