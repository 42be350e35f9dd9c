import { entry } from './kind.ts'

export const edgeFaults = {
  wake_timeout: entry<{ id: string; afterMs: number }>('timeout', (d) => `machine ${d.id} did not wake within ${d.afterMs / 1000} s`),
  wake_refused: entry<{ id: string; reason: string }>('precondition', (d) => `machine ${d.id} cannot be woken: ${d.reason}`),
} as const
