import { entry } from './kind.ts'

export const storeFaults = {
  store_unavailable: entry<{ reason: string }>('unavailable', (d) => `the store does not answer: ${d.reason}`),
  store_full: entry<{ path: string }>(
    'unavailable',
    (d) => `the disk that holds ${d.path} is full`,
    () => 'free some space; nothing acknowledged was lost',
  ),
  store_in_use: entry<{ path: string }>(
    'conflict',
    (d) => `${d.path} is open in another process`,
    () => 'end the other platform that runs from this data folder, or name another folder with --data',
  ),
  store_lease_ended: entry<{ lease: string }>(
    'precondition',
    (d) => `lease ${d.lease} has ended`,
    () => 'grant a new lease and write again',
  ),
  store_not_empty: entry<{ key: string }>(
    'precondition',
    (d) => `the store holds data already (first key: ${d.key})`,
    () => 'restore into an empty data folder',
  ),
  snapshot_invalid: entry<{ line: number; reason: string }>(
    'invalid',
    (d) => `snapshot line ${d.line}: ${d.reason}`,
    () => 'the file is cut or damaged; use another backup — nothing was written',
  ),
  transaction_too_large: entry<{ operations: number; bytes: number }>(
    'limit',
    (d) => `transaction of ${d.operations} operations and ${d.bytes} bytes; the limits are 128 operations and 1 MiB`,
  ),
} as const
