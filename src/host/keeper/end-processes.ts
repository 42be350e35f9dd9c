import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { listProcesses, type ProcessRow, readProcess, sendSignal, wasStartedWith } from './process-table.ts'

const markerName = 'KANTE_RUN'
/** In the environment of every process that a run starts, also of those that leave its group. The host's folder is part of it: other platforms' runs may have the same id. */
export const runMarker = (dir: string, runId: string): Readonly<Record<string, string>> => ({
  [markerName]: `${createHash('sha256').update(resolve(dir)).digest('hex').slice(0, 12)}/${runId}`,
})

export interface RunProcesses {
  /** Of runMarker. */
  readonly marker: Readonly<Record<string, string>>
  /** Leader of the group and of the session; 0 when it was never known. */
  readonly leader: number
  /** The leader's; what started earlier cannot be the run's. */
  readonly startTime: string
}

/**
 * The live processes of a run: its group, its session, and what bears its marker. A program that leaves all three (new session and a cleared
 * environment) is not found; the process runtime is no isolation (ADR 0006).
 */
export function processesOf(run: RunProcesses, all: readonly ProcessRow[] = listOncePerTurn()): readonly ProcessRow[] {
  const marker = `${markerName}=${run.marker[markerName]}`
  const bornAt = Number(run.startTime)
  return all.filter((row) => {
    if (row.isZombie || row.pid === process.pid) return false
    if (run.leader > 1 && (row.group === run.leader || row.session === run.leader)) return true
    return !(Number(row.startTime) < bornAt) && wasStartedWith(row.pid, marker)
  })
}

let listed: readonly ProcessRow[] | undefined
/**
 * When many runs end in the same turn of the loop they share one look at the table (10 ms for 350 processes). That it is a moment old cannot hide anything:
 * what is not in it had no process of the run to be forked by, and what is in it is looked for again.
 */
function listOncePerTurn(): readonly ProcessRow[] {
  if (listed === undefined) setImmediate(() => (listed = undefined))
  return (listed ??= listProcesses())
}

/** Kills until nothing of the run lives; false when something withstands it (a process in uninterruptible sleep) for about 5 s. */
export async function killProcessesOf(run: RunProcesses, sleep: (ms: number) => Promise<void>): Promise<boolean> {
  if (run.leader > 1) sendSignal(-run.leader, 'SIGKILL')
  for (let pauseMs = 1, round = 0; round < 20; round++, pauseMs = Math.min(pauseMs * 2, 400)) {
    const left = processesOf(run)
    if (left.length === 0) return true
    for (const row of left) if (readProcess(row.pid)?.startTime === row.startTime) sendSignal(row.pid, 'SIGKILL')
    await sleep(pauseMs)
  }
  return processesOf(run).length === 0
}
