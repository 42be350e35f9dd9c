/**
 * The life of a machine as a typed table (platform-semantics §3.1). `machine-lifecycle.ts` walks it.
 * `draining` is not a state of Fly.io's: it is a flag beside `started`, so that clients see only states they know.
 */
export const machineStates = [
  'created',
  'starting',
  'started',
  'stopping',
  'stopped',
  'suspending',
  'suspended',
  'restarting',
  'updating',
  'destroying',
  'destroyed',
  'failed',
  'launch_failed',
] as const
export type MachineState = (typeof machineStates)[number]

export const persistentStates: readonly MachineState[] = ['created', 'started', 'stopped', 'suspended', 'failed', 'destroyed']
/** `settled` as a target of wait: any state that does not pass by itself. */
export const isSettled = (state: MachineState): boolean => persistentStates.includes(state) || state === 'launch_failed'
/** A request can be served now, or after a wake. */
export const isWakeable = (state: MachineState): boolean => state === 'stopped' || state === 'suspended' || state === 'created'
