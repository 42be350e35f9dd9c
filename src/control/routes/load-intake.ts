import { z } from 'zod'
import type { Clock } from '../../kit/clock.ts'
import type { EdgeId, MachineId } from '../../model/ids.ts'

export const loadReport = z.object({
  edge: z.string().min(1).max(64),
  region: z.string().max(16),
  at: z.number(),
  machines: z.array(
    z.object({ id: z.string().max(32), inFlight: z.number().int().min(0), webSockets: z.number().int().min(0), requests: z.number().int().min(0) }),
  ),
  apps: z.array(z.object({ app: z.string().max(64), requests: z.number().int().min(0), held: z.number().int().min(0) })),
})

export interface MachineUse {
  readonly inFlight: number
  readonly webSockets: number
  /** On the monotonic clock: when the machine was last seen with a request, or -Infinity. */
  readonly usedAtMs: number
}

/** What all edges together see of the machines. An edge that is silent for five seconds is one that nothing is known of. */
export interface LoadIntake {
  take(report: z.infer<typeof loadReport>): void
  use(machine: MachineId): MachineUse
  /** True when each of these edges reported within the last five seconds. */
  hears(edges: readonly EdgeId[]): boolean
}
const silenceMs = 5_000
const forgetMs = 3_600_000

export function openLoadIntake(clock: Pick<Clock, 'monotonic'>): LoadIntake {
  const edges = new Map<string, { atMs: number; machines: ReadonlyMap<string, { readonly inFlight: number; readonly webSockets: number }> }>()
  const usedAt = new Map<string, number>()
  return {
    take(report) {
      const now = clock.monotonic()
      edges.set(report.edge, { atMs: now, machines: new Map(report.machines.map((machine) => [machine.id, machine])) })
      for (const machine of report.machines) if (machine.inFlight + machine.requests > 0) usedAt.set(machine.id, now)
      for (const [id, atMs] of usedAt) if (now - atMs > forgetMs) usedAt.delete(id)
    },
    use(machine) {
      const now = clock.monotonic()
      let inFlight = 0
      let webSockets = 0
      for (const edge of edges.values()) {
        const seen = now - edge.atMs <= silenceMs ? edge.machines.get(machine) : undefined
        inFlight += seen?.inFlight ?? 0
        webSockets += seen?.webSockets ?? 0
      }
      return { inFlight, webSockets, usedAtMs: usedAt.get(machine) ?? -Infinity }
    },
    hears: (wanted) => wanted.every((edge) => clock.monotonic() - (edges.get(edge)?.atMs ?? -Infinity) <= silenceMs),
  }
}
