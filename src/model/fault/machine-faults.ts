import { entry } from './kind.ts'

export const machineFaults = {
  machine_not_found: entry<{ id: string }>(
    'not_found',
    (d) => `machine not found: ${d.id}`,
    () => '`kante machine list` shows the machines',
  ),
  machine_state: entry<{ id: string; state: string; action: string; allowed: readonly string[] }>(
    'precondition',
    (d) => `machine ${d.id} is ${d.state}: cannot ${d.action} (possible from ${d.allowed.join(', ')})`,
    (d) => machineStateHint(d),
  ),
  machine_version: entry<{ id: string; expected: string; found: string }>(
    'conflict',
    (d) => `machine ${d.id} is at version ${d.found}, not ${d.expected}`,
    () => 'read the machine again and repeat the update',
  ),
  lease_held: entry<{ id: string; owner: string; expiresAt: string }>(
    'conflict',
    (d) => `lease currently held by ${d.owner} on machine ${d.id}, expires at ${d.expiresAt}`,
    () => 'wait for it to end, or send its nonce in fly-machine-lease-nonce',
  ),
  lease_not_found: entry<{ id: string }>('not_found', (d) => `machine ${d.id}: lease not found`),
  wait_timeout: entry<{ id: string; state: string; wanted: string; afterMs: number }>(
    'timeout',
    (d) => `machine failed to reach desired state: ${d.id} is ${d.state}, not ${d.wanted}, after ${d.afterMs / 1000} s`,
  ),
  machine_exited: entry<{ id: string; exitCode: number; lastLines: readonly string[] }>(
    'precondition',
    (d) => `machine ${d.id} ended with exit code ${d.exitCode}`,
    (d) => (d.lastLines.length > 0 ? `its last output: ${d.lastLines.join(' | ')}` : '`kante logs` shows its output'),
  ),
  not_listening: entry<{ id: string; port: number; found: string }>(
    'timeout',
    (d) => `machine ${d.id} does not listen on port ${d.port} (${d.found})`,
    () => 'let the program listen on the address in HOST and the port in PORT, or correct internal_port',
  ),
  insufficient_capacity: entry<{ region: string; reason: string }>(
    'limit',
    (d) => `could not reserve resource for machine in ${d.region}: ${d.reason}`,
  ),
  unsupported_by_runtime: entry<{ what: string; runtime: string; fix: string }>(
    'invalid',
    (d) => `${d.what} is not possible with the ${d.runtime} runtime`,
    (d) => d.fix,
  ),
} as const

/** What brings a machine to a state in which the action is possible. */
function machineStateHint({ id, action, allowed }: { readonly id: string; readonly action: string; readonly allowed: readonly string[] }): string {
  if (action === 'destroy') return `stop it first, or pass --force`
  if (action !== 'stop' && allowed.includes('started')) return `\`kante machine start ${id}\` starts it`
  return `\`kante machine status ${id}\` shows what it does`
}
