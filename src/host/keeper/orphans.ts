import { systemClock } from '../../kit/clock.ts'
import { killProcessesOf, runMarker } from './end-processes.ts'
import { readOwner } from './keeper-lock.ts'
import { bootId, isSameProcess } from './process-table.ts'
import { openRunRecords } from './run-records.ts'

/**
 * Ends what a dead keeper left running, by its records in `dir`/runs; does nothing while a keeper lives. Before a new keeper is started, and by `kante down`.
 * Nobody reads their output and nobody waits for them: they are killed.
 */
export async function endOrphans(dir: string): Promise<{ readonly ended: number }> {
  if (readOwner(dir) !== undefined) return { ended: 0 }
  const records = openRunRecords(dir)
  const boot = bootId()
  const ended = await Promise.all(
    records.runs().map(async (record) => {
      if (record.bootId === boot) {
        // Without its leader a group's number may be another's by now; then only the marker counts.
        const leader = isSameProcess(record.pid, record.startTime) ? record.pid : 0
        await killProcessesOf({ marker: runMarker(dir, record.runId), leader, startTime: record.startTime }, (ms) => systemClock.sleep(ms))
      }
      records.removeRun(record.runId)
    }),
  )
  return { ended: ended.length }
}
