import { wireDurationMs } from '../duration.ts'
import { fault } from '../fault/fault.ts'
import type { MachineConfig } from './machine-config.ts'

export const maxStopTimeoutMs = 300_000
export const defaultStopTimeoutMs = 5_000
const names: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  8: 'SIGFPE',
  9: 'SIGKILL',
  10: 'SIGUSR1',
  11: 'SIGSEGV',
  12: 'SIGUSR2',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
  18: 'SIGCONT',
  19: 'SIGSTOP',
}
const allowed = Object.values(names)

/** A signal's name, of a name with or without SIG or of Linux's number (flyctl sends both). Fault invalid_value. */
export function signalName(field: string, signal: string | number): string {
  const text = String(signal).trim().toUpperCase()
  const name = /^\d+$/.test(text) ? names[Number(text)] : text.startsWith('SIG') ? text : `SIG${text}`
  if (name === undefined || !allowed.includes(name)) throw fault('invalid_value', { field, found: signal, rule: allowed.join(', ') })
  return name
}

export interface StopConfig {
  readonly signal: string
  readonly timeoutMs: number
}
/** kill_signal and kill_timeout: SIGINT and 5 s unless the config says otherwise, 300 s at most (platform-semantics §3.4). */
export function stopConfigOf(config: MachineConfig, asked: { readonly signal?: string | number; readonly timeoutMs?: number } = {}): StopConfig {
  const timeoutMs = asked.timeoutMs ?? wireDurationMs('stop_config.timeout', config.stop_config?.timeout, defaultStopTimeoutMs)
  return {
    signal: signalName('signal', asked.signal ?? config.stop_config?.signal ?? 'SIGINT'),
    timeoutMs: Math.max(0, Math.min(maxStopTimeoutMs, timeoutMs)),
  }
}
