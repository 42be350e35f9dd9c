/** Ids of log lines, `<milliseconds, 13 digits>-<counter, 9 digits>`: sortable as text, and no two writers of a host make the same. */
export interface LogIds {
  next(): string
}
/** Each writer counts in a range of its own. */
export const logWriterBase = { keeper: 100_000_000, host: 500_000_000 } as const

export function logIds(writer: keyof typeof logWriterBase, now: () => number): LogIds {
  let lastMs = 0
  let count = 0
  return {
    next() {
      // A clock that is set back must not unsort a file.
      lastMs = Math.max(lastMs, now())
      count = (count + 1) % 100_000_000
      return `${String(lastMs).padStart(13, '0')}-${logWriterBase[writer] + count}`
    },
  }
}
export const timeOfLogId = (id: string): number => Number(id.slice(0, 13))
