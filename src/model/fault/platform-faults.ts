import { entry } from './kind.ts'

export const platformFaults = {
  port_in_use: entry<{ address: string; port: number; flag: string }>(
    'precondition',
    (d) => `${d.address}:${d.port} is in use by another program`,
    (d) => `end that program, or choose another port with ${d.flag}`,
  ),
  not_running: entry<{ home: string }>(
    'unavailable',
    (d) => `no platform runs from ${d.home}`,
    () => 'start it with `kante up`',
  ),
  daemon_down: entry<{ home: string; regions: readonly string[] }>(
    'unavailable',
    (d) => `the daemon of ${d.home} does not run; machines and edges in ${d.regions.join(', ')} go on without it`,
    () => 'bring it back with `kante up`, or end everything with `kante down`',
  ),
  unreachable: entry<{ address: string; reason: string }>(
    'unavailable',
    (d) => `the platform at ${d.address} does not answer: ${d.reason}`,
    () => '`kante context list` shows where requests go',
  ),
  foreign_data: entry<{ path: string; reason: string }>(
    'precondition',
    (d) => `${d.path} is not a data folder of Kante: ${d.reason}`,
    () => 'name another folder with --data, or KANTE_HOME',
  ),
  home_unusable: entry<{ path: string; reason: string }>(
    'precondition',
    (d) => `${d.path} cannot be used: ${d.reason}`,
    () => 'make it writable for you, or name another folder with KANTE_HOME',
  ),
  disk_full: entry<{ path: string; freeMb: number; neededMb: number }>(
    'precondition',
    (d) => `the disk that holds ${d.path} has ${d.freeMb} MB left, at least ${d.neededMb} MB are needed`,
    () => 'free some space, or put the data elsewhere with --data',
  ),
  platform_file_invalid: entry<{ reason: string }>(
    'invalid',
    (d) => d.reason,
    () => 'mend the file by hand, or remove it and run `kante up` with all flags',
  ),
  region_in_use: entry<{ region: string; machines: number }>(
    'precondition',
    (d) => `region ${d.region} cannot go: ${d.machines} machines are recorded there`,
    (d) => `\`kante up\` with ${d.region} in --regions, then destroy its machines or scale them elsewhere`,
  ),
  daemon_failed: entry<{ reason: string; log: string }>(
    'internal',
    (d) => `the daemon did not start: ${d.reason}`,
    (d) => `its log: ${d.log}`,
  ),
  platform_running: entry<{ home: string; what: string }>(
    'precondition',
    (d) => `a platform runs from ${d.home}: cannot ${d.what}`,
    () => 'run `kante down` first',
  ),
  needs_confirmation: entry<{ what: string }>(
    'precondition',
    (d) => `${d.what}: nothing was destroyed`,
    () => 'add --yes to confirm',
  ),
  backup_unreadable: entry<{ file: string; reason: string }>('invalid', (d) => `${d.file} is not a backup that this version reads: ${d.reason}`),
  data_exists: entry<{ path: string }>(
    'precondition',
    (d) => `${d.path} already holds a platform’s data`,
    () => 'restore into an empty home (KANTE_HOME), or remove this one with `kante down --purge --yes`',
  ),
  key_file_invalid: entry<{ file: string; reason: string }>('invalid', (d) => `${d.file} holds no master key: ${d.reason}`),
  already_running: entry<{ home: string; pid: number }>(
    'conflict',
    (d) => `a daemon runs from ${d.home} already (pid ${d.pid})`,
    () => '`kante status` shows it; `kante down` ends it',
  ),
  master_key_missing: entry<{ path: string }>(
    'precondition',
    (d) => `the master key is missing: ${d.path}`,
    () => 'bring it back with `kante keys import FILE`, or start the daemon with it in KANTE_MASTER_KEY',
  ),
  master_key_mismatch: entry<{ path: string }>(
    'precondition',
    (d) => `${d.path} is not the master key that this data was written under`,
    () => 'import the right one with `kante keys import FILE`',
  ),
} as const
