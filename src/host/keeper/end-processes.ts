import { listProcesses, type ProcessRow, readProcess, sendSignal, wasStartedWith } from './process-table.ts'

/** Marks every process that a run starts, also those that leave its group; read back from /proc/PID/environ. */
export const runMarker = (runId: string): string => `KANTE_RUN_ID=${runId}`

export interface RunProcesses {
  readonly runId: string
  /** Leader of the group and of the session; 0 when it was never known. */
  readonly leader: number
  /** The leader's; what started earlier cannot be the run's. */
  readonly startTime: string
}

/**
 * The live processes of a run: its group, its session, and what bears its marker. A program that leaves all three (new session and a cleared
 * environment) is not found; the process runtime is no isolation (ADR 0006).
 */
export function processesOf(run: RunProcesses, all: readonly ProcessRow[] = listProcesses()): readonly ProcessRow[] {
  const marker = runMarker(run.runId)
  const bornAt = Number(run.startTime)
  return all.filter((row) => {
    if (row.isZombie || row.pid === process.pid) return false
    if (run.leader > 1 && (row.group === run.leader || row.session === run.leader)) return true
    return !(Number(row.startTime) < bornAt) && wasStartedWith(row.pid, marker)
  })
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
