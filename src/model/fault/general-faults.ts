import { entry } from './kind.ts'

export const generalFaults = {
  invalid_value: entry<{ field: string; found: unknown; rule: string }>(
    'invalid',
    (d) => `${d.field}: found ${JSON.stringify(d.found)}, allowed is ${d.rule}`,
  ),
  invalid_body: entry<{ problems: readonly string[] }>('invalid', (d) => `request body: ${d.problems.join('; ')}`),
  unauthorized: entry<{ reason: string }>(
    'unauthenticated',
    (d) => `not authenticated: ${d.reason}`,
    () => 'send "Authorization: Bearer TOKEN"; `kante auth token` prints the one of this computer',
  ),
  host_not_allowed: entry<{ host: string }>(
    'forbidden',
    (d) => `the API does not answer to the host name ${JSON.stringify(d.host)}`,
    () => 'call it by its address',
  ),
  forbidden: entry<{ what: string }>('forbidden', (d) => `this token may not ${d.what}`),
  route_not_found: entry<{ method: string; path: string }>('not_found', (d) => `no such path: ${d.method} ${d.path}`),
  timed_out: entry<{ what: string; afterMs: number }>('timeout', (d) => `${d.what}: no result after ${d.afterMs / 1000} s`),
  internal: entry<{ requestId: string }>(
    'internal',
    (d) => `internal error (request ${d.requestId})`,
    () => 'the daemon’s log has the details: `kante doctor` says where it is',
  ),
} as const
