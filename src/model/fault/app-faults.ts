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
    () => 'if the app is yours, `kante deploy` deploys to it; otherwise choose another name',
  ),
  org_not_found: entry<{ org: string }>(
    'not_found',
    (d) => `org not found: ${d.org}`,
    () => '`kante orgs list` shows the orgs',
  ),
  app_has_machines: entry<{ app: string; count: number }>(
    'precondition',
    (d) => `app ${d.app} still has ${d.count} machines`,
    () => 'destroy them first, or pass force',
  ),
  app_changed: entry<{ app: string }>(
    'conflict',
    (d) => `app ${d.app} was changed or destroyed meanwhile`,
    () => 'read it again and repeat the call',
  ),
  metadata_not_found: entry<{ id: string; key: string }>('not_found', (d) => `machine ${d.id} has no metadata ${d.key}`),
  metadata_version: entry<{ id: string; expected: string; found: string }>(
    'precondition',
    (d) => `machine ${d.id} is at version ${d.found}, not ${d.expected}`,
    () => 'read the machine again and repeat the change',
  ),
} as const
