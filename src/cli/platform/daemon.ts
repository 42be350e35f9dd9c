import { isEnding, isSameProcess, parseProcessIdentity, type ProcessIdentity } from '../../kit/process-identity.ts'
import { readIfThere } from '../../kit/durable-file.ts'
import type { Clock } from '../../kit/clock.ts'
import type { PlatformPaths } from '../../kit/platform-paths.ts'

/** The daemon that runs from this home, or undefined. A pid file that a killed daemon left, or one of another program by now, counts as none. */
export async function findDaemon(paths: Pick<PlatformPaths, 'pidFile'>): Promise<ProcessIdentity | undefined> {
  const recorded = parseProcessIdentity(await readIfThere(paths.pidFile))
  return recorded !== undefined && isSameProcess(recorded) ? recorded : undefined
}

const endingMs = 5_000
/** After a kill: waits until the daemon that this home recorded has let go of its ports too. */
export async function untilDaemonEnded(paths: Pick<PlatformPaths, 'pidFile'>, clock: Clock): Promise<void> {
  const recorded = parseProcessIdentity(await readIfThere(paths.pidFile))
  if (recorded === undefined) return
  const deadline = clock.monotonic() + endingMs
  while (isEnding(recorded) && clock.monotonic() < deadline) await clock.sleep(5)
}
