import { entry } from './kind.ts'

export const storeFaults = {
  store_unavailable: entry<{ reason: string }>('unavailable', (d) => `the store does not answer: ${d.reason}`),
  store_full: entry<{ path: string }>(
    'unavailable',
    (d) => `the disk that holds ${d.path} is full`,
    () => 'free some space; nothing acknowledged was lost',
  ),
  transaction_too_large: entry<{ operations: number; bytes: number }>(
    'limit',
    (d) => `transaction of ${d.operations} operations and ${d.bytes} bytes; the limits are 128 operations and 1 MiB`,
  ),
} as const
