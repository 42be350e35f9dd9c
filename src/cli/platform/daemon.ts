import { isSameProcess, parseProcessIdentity, type ProcessIdentity } from '../../kit/process-identity.ts'
import { readIfThere } from '../../kit/durable-file.ts'
import type { PlatformPaths } from '../../kit/platform-paths.ts'

/** The daemon that runs from this home, or undefined. A pid file that a killed daemon left, or one of another program by now, counts as none. */
export async function findDaemon(paths: Pick<PlatformPaths, 'pidFile'>): Promise<ProcessIdentity | undefined> {
  const recorded = parseProcessIdentity(await readIfThere(paths.pidFile))
  return recorded !== undefined && isSameProcess(recorded) ? recorded : undefined
}
