import { entry } from './kind.ts'

export const deployFaults = {
  deploy_running: entry<{ app: string; holder: string }>(
    'conflict',
    (d) => `a deploy of ${d.app} is running: ${d.holder}`,
    () => 'wait for it to end',
  ),
  deploy_failed: entry<{ app: string; reason: string }>('precondition', (d) => `deploy of ${d.app} failed: ${d.reason}`),
  never_deployed: entry<{ app: string }>(
    'precondition',
    (d) => `app ${d.app} has no release yet`,
    () => 'run `kante deploy` first',
  ),
  deploy_not_found: entry<{ app: string; id: string }>('not_found', (d) => `deploy not found: ${d.id} of ${d.app}`),
  deploy_lost: entry<{ app: string; id: string }>('conflict', (d) => `deploy ${d.id} of ${d.app} is carried out by another control now`),
  unknown_group: entry<{ app: string; group: string; have: readonly string[] }>(
    'invalid',
    (d) => `app ${d.app} has no process group ${d.group}; it has ${d.have.length > 0 ? d.have.join(', ') : 'none'}`,
  ),
  install_failed: entry<{ command: string; exitCode: number | string; output: string }>(
    'precondition',
    (d) => `${d.command} failed (exit code ${d.exitCode})`,
    (d) => (d.output.length > 0 ? `its last output:\n${d.output}` : 'run it in the project to see why'),
  ),
  layer_mismatch: entry<{ digest: string; found: string }>('invalid', (d) => `layer: the bytes have digest ${d.found}, not ${d.digest}`),
  layer_not_found: entry<{ digest: string }>('not_found', (d) => `layer not found: ${d.digest}`),
  body_too_large: entry<{ limitBytes: number }>('limit', (d) => `request body is larger than ${d.limitBytes} bytes`),
} as const
