import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { listProcesses, type ProcessRow } from '../../keeper/process-table.ts'

/** A run's processes: its leader's group and session, the leader first. */
function rowsOf(leader: number): readonly ProcessRow[] {
  const rows = listProcesses().filter((row) => !row.isZombie && (row.group === leader || row.session === leader))
  return rows.toSorted((a, b) => Number(b.pid === leader) - Number(a.pid === leader))
}

export const pidsOf = (leader: number): readonly number[] => rowsOf(leader).map((row) => row.pid)

export function usageOf(leader: number): { readonly rssBytes: number; readonly cpuMs: number } {
  const rows = rowsOf(leader)
  return {
    rssBytes: rows.reduce((sum, row) => sum + residentBytes(row.pid), 0),
    cpuMs: rows.reduce((sum, row) => sum + row.cpuMs, 0),
  }
}

/** VmRSS of proc_pid_status(5); shared pages count in full for each process. 0 when it is gone. */
function residentBytes(pid: number): number {
  try {
    if (process.platform !== 'linux') return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch (error) {
    // It ended between the list and this look at it.
    if (error instanceof Error && ('code' in error || 'status' in error)) return 0
    throw error
  }
}
