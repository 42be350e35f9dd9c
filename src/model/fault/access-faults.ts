import { entry } from './kind.ts'

export const accessFaults = {
  token_scope: entry<{ kind: string; what: string }>(
    'forbidden',
    (d) => `a token of kind ${d.kind} may not call ${d.what}`,
    () => '`kante auth whoami` shows the token in use; `kante tokens create` makes others',
  ),
  token_not_found: entry<{ id: string }>(
    'not_found',
    (d) => `token not found: ${d.id}`,
    () => '`kante tokens list` shows them',
  ),
  org_exists: entry<{ org: string }>('conflict', (d) => `there is an org ${d.org} already`),
  org_in_use: entry<{ org: string; apps: number }>(
    'precondition',
    (d) => `org ${d.org} still has ${d.apps} apps`,
    () => 'destroy them first',
  ),
  org_changed: entry<{ org: string }>(
    'conflict',
    (d) => `org ${d.org} was changed meanwhile`,
    () => 'repeat the call',
  ),
  secret_not_found: entry<{ app: string; name: string }>(
    'not_found',
    (d) => `app ${d.app} has no secret ${d.name}`,
    () => '`kante secrets list` shows their names',
  ),
  secrets_behind: entry<{ app: string; version: number; wanted: number }>(
    'precondition',
    (d) => `the secrets of ${d.app} are at version ${d.version}, not yet at ${d.wanted}`,
    () => 'repeat the call',
  ),
  secrets_changed: entry<{ app: string }>(
    'conflict',
    (d) => `the secrets of ${d.app} were changed meanwhile`,
    () => 'repeat the call',
  ),
  secrets_unavailable: entry<{ app: string; reason: string }>('unavailable', (d) => `the secrets of ${d.app} cannot be had now: ${d.reason}`),
  secret_unreadable: entry<{ what: string }>(
    'internal',
    (d) => `${d.what} cannot be decrypted: it was written under another key, or changed`,
    () => 'restore the backup it came from together with its master key',
  ),
  master_key_external: entry<{ variable: string }>(
    'precondition',
    (d) => `the master key comes from ${d.variable}: it cannot be replaced from here`,
    (d) => `start the daemon with the new key in ${d.variable} and the former one in ${d.variable}_FORMER`,
  ),
} as const
