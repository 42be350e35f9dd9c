import type { Section } from './section.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGKILL', 'SIGSTOP', 'SIGHUP'] as const
const maxKillTimeoutMs = 300_000

/** flyctl leaves the name of a signal to the server; one that no machine understands is warned of. */
export const readSignal = (section: Section) => section.oneOfIfKnown('kill_signal', signals, 'SIGINT is used')

/** Bare numbers are seconds; at most 5 minutes (platform-semantics §3.4). */
export function readKillTimeout(section: Section): number | undefined {
  const ms = section.durationMs('kill_timeout', 1000)
  if (ms === undefined || ms <= maxKillTimeoutMs) return ms
  section.warn('kill_timeout', `found ${ms / 1000} s, allowed is up to 300 s; 300 s is used`)
  return maxKillTimeoutMs
}
