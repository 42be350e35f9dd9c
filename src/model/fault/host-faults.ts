import { entry } from './kind.ts'

export const hostFaults = {
  host_unreachable: entry<{ host: string; reason: string }>('unavailable', (d) => `host ${d.host} does not answer: ${d.reason}`),
  no_host_in_region: entry<{ region: string; have: readonly string[] }>(
    'invalid',
    (d) => `no host in region ${d.region}; this platform has ${d.have.join(', ')}`,
    () => '`kante platform regions` lists the regions with a host',
  ),
  spawn_failed: entry<{ command: string; reason: string }>(
    'precondition',
    (d) => `cannot start ${d.command}: ${d.reason}`,
    () => 'is the program installed and in PATH of the host?',
  ),
  bundle_not_found: entry<{ digest: string }>('not_found', (d) => `bundle not found: ${d.digest}`),
  layer_damaged: entry<{ digest: string; reason: string }>(
    'invalid',
    (d) => `layer ${d.digest} is not usable: ${d.reason}`,
    () => 'deploy again',
  ),
  runtime_lost: entry<{ runtime: string; reason: string }>('unavailable', (d) => `the ${d.runtime} runtime does not answer: ${d.reason}`),
} as const
