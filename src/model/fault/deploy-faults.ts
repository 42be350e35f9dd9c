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
} as const
