import { entry } from './kind.ts'

export const appFaults = {
  app_not_found: entry<{ app: string }>(
    'not_found',
    (d) => `app not found: ${d.app}`,
    () => '`kante apps list` shows the apps; `kante apps create NAME` makes one',
  ),
  name_taken: entry<{ app: string }>(
    'conflict',
    (d) => `Name has already been taken: ${d.app}`,
    () => 'choose another name',
  ),
  org_not_found: entry<{ org: string }>('not_found', (d) => `org not found: ${d.org}`),
  app_has_machines: entry<{ app: string; count: number }>(
    'precondition',
    (d) => `app ${d.app} still has ${d.count} machines`,
    () => 'destroy them first, or pass force',
  ),
} as const
