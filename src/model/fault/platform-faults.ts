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
  foreign_data: entry<{ path: string; reason: string }>(
    'precondition',
    (d) => `${d.path} is not a data folder of Kante: ${d.reason}`,
    () => 'name another folder with --data, or KANTE_HOME',
  ),
} as const
