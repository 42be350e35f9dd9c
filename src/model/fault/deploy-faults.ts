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
  deploy_begun: entry<{ app: string; id: string }>(
    'conflict',
    (d) => `deploy ${d.id} of ${d.app} has changed machines already`,
    () => 'it goes on; `kante releases attach` shows how, `kante releases rollback` takes it back afterwards',
  ),
  strategy_needs_checks: entry<{ app: string; strategy: string }>(
    'precondition',
    (d) => `strategy ${d.strategy} needs a health check, and no process group of ${d.app} has one`,
    () => 'add one to fly.toml, such as [[http_service.checks]], or use the strategy rolling',
  ),
  no_targets: entry<{ app: string }>(
    'precondition',
    (d) => `no machine of ${d.app} is among those that the deploy is for`,
    () => 'see `kante status` for its machines, regions and process groups',
  ),
  release_not_found: entry<{ app: string; version: number | string }>(
    'not_found',
    (d) => `app ${d.app} has no release ${d.version} to go back to`,
    () => 'see `kante releases`: one that is complete and whose files are still kept is needed',
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
