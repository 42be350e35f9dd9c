import type { AppName, MachineId, RegionCode } from '../../model/ids.ts'
import type { LogLine } from '../../protocol/log-line.ts'
import { timeOfLogId } from '../keeper/log-id.ts'

/** What a file says of a line; the rest follows from where the file lies. `machine` and `provider` only in the host's own. */
export interface StoredLine {
  readonly id: string
  readonly level: LogLine['level']
  readonly message: string
  readonly machine?: MachineId | ''
  readonly provider?: LogLine['provider']
  /** Milliseconds since 1970, where it happened before it was written. */
  readonly at?: number
}
export interface LineOrigin {
  readonly app: AppName
  readonly machine: MachineId | ''
  readonly region: RegionCode
}

/** What Date can say (ECMA-262 §21.4.1.1). */
const isTime = (at: unknown): at is number => typeof at === 'number' && Math.abs(at) <= 8.64e15
const idPattern = /^\d{13}-\d{9}$/

/** Undefined for what is no line of ours: cut off by a full disk, or foreign. */
export function parseStoredLine(text: string, origin: LineOrigin): LogLine | undefined {
  let stored: Partial<StoredLine> | null
  try {
    stored = JSON.parse(text) as Partial<StoredLine> | null
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  if (typeof stored?.id !== 'string' || !idPattern.test(stored.id) || typeof stored.message !== 'string') return undefined
  return {
    id: stored.id,
    timestamp: new Date(isTime(stored.at) ? stored.at : timeOfLogId(stored.id)).toISOString(),
    app: origin.app,
    machine: stored.machine ?? origin.machine,
    region: origin.region,
    provider: stored.provider ?? 'app',
    level: stored.level ?? 'info',
    message: stored.message,
  }
}

export const byId = (a: LogLine, b: LogLine): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

/** Lines of several files in the order of their ids, none twice. */
export function mergeLines(files: readonly (readonly LogLine[])[]): readonly LogLine[] {
  const sorted = files.flat().toSorted(byId)
  return sorted.filter((line, index) => line.id !== sorted[index - 1]?.id)
}
