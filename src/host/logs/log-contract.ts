import type { AppName, MachineId } from '../../model/ids.ts'
import type { LogLine, LogQuery } from '../../protocol/log-line.ts'

/** The logs of one host: files in its own folder, written by its keeper (output of machines) and by the host (its own lines and the edges'). */
export interface HostLogs extends AsyncDisposable {
  /** Never throws and never waits: a full disk loses log lines, not machines. */
  append(line: {
    readonly app: AppName
    readonly machine: MachineId | ''
    readonly provider: 'runner' | 'proxy'
    readonly level: 'info' | 'warn' | 'error'
    readonly message: string
    readonly atMs?: number
  }): void
  read(query: LogQuery): Promise<readonly LogLine[]>
  follow(query: LogQuery, signal: AbortSignal): AsyncIterable<LogLine>
  remove(app: AppName, machine: MachineId): Promise<void>
}
