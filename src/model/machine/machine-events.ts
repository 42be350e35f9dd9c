import type { ExitEvent, MachineEvent } from './machine-record.ts'

export const maxEvents = 50

/** Newest first, the oldest forgotten beyond 50. */
export const withEvent = (events: readonly MachineEvent[], event: MachineEvent): readonly MachineEvent[] => [event, ...events].slice(0, maxEvents)

/** Events after the one with this id, newest first; all of them when it is unknown (it may have been forgotten). */
export function eventsAfter(events: readonly MachineEvent[], id: string): readonly MachineEvent[] {
  const at = events.findIndex((event) => event.id === id)
  return at === -1 ? events : events.slice(0, at)
}

/** flyctl reads `exit_event` of every exit unguarded: all fields are always there (flyctl-contract §0.6); -1 stands for "no signal". */
export const exitEventOf = (
  exit: { readonly exitCode: number; readonly signal: number; readonly oomKilled: boolean; readonly exitedAtMs: number },
  circumstances: { readonly isRequested: boolean; readonly isRestarting: boolean },
): ExitEvent => ({
  exit_code: exit.exitCode,
  guest_exit_code: exit.exitCode,
  guest_signal: exit.signal > 0 ? exit.signal : -1,
  signal: exit.signal > 0 ? exit.signal : -1,
  oom_killed: exit.oomKilled,
  requested_stop: circumstances.isRequested,
  restarting: circumstances.isRestarting,
  exited_at: new Date(exit.exitedAtMs).toISOString(),
})
