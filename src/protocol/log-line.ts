import type { AppName, MachineId, RegionCode } from '../model/ids.ts'

/** One line of output of a machine (`app`), its host (`runner`) or an edge (`proxy`). */
export interface LogLine {
  /** Sortable, unique per host: `<milliseconds, 13 digits>-<counter>`; the cursor of LogQuery.after. */
  readonly id: string
  /** RFC 3339 with milliseconds */
  readonly timestamp: string
  readonly app: AppName
  readonly machine: MachineId | ''
  readonly region: RegionCode
  readonly provider: 'app' | 'runner' | 'proxy'
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
}
export interface LogQuery {
  readonly app: AppName
  readonly machine?: MachineId
  /** Lines after this id; without it the newest `limit`. */
  readonly after?: string
  readonly limit: number
}
