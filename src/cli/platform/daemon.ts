import { isSameProcess, type ProcessIdentity } from '../../kit/process-identity.ts'
import { readIfThere } from '../../kit/durable-file.ts'
import type { PlatformPaths } from '../../kit/platform-paths.ts'

/** The daemon that runs from this home, or undefined. A pid file that a killed daemon left, or one of another program by now, counts as none. */
export async function findDaemon(paths: Pick<PlatformPaths, 'pidFile'>): Promise<ProcessIdentity | undefined> {
  const recorded = parsePidFile(await readIfThere(paths.pidFile))
  return recorded !== undefined && isSameProcess(recorded) ? recorded : undefined
}

export function parsePidFile(text: string | undefined): ProcessIdentity | undefined {
  if (text === undefined || text.length > 4096) return undefined
  try {
    const found = JSON.parse(text) as Partial<ProcessIdentity> | null
    const { pid, startTime } = found ?? {}
    return Number.isInteger(pid) && (pid as number) > 1 && typeof startTime === 'string' ? { pid: pid as number, startTime } : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
