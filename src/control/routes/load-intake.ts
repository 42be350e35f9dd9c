import { z } from 'zod'
import type { Clock } from '../../kit/clock.ts'
import type { AppName, EdgeId, MachineId, RegionCode } from '../../model/ids.ts'

export const loadReport = z.object({
  edge: z.string().min(1).max(64),
  region: z.string().max(16),
  at: z.number(),
  routes: z.number().int().min(0).optional(),
  machines: z.array(
    z.object({ id: z.string().max(32), inFlight: z.number().int().min(0), webSockets: z.number().int().min(0), requests: z.number().int().min(0) }),
  ),
  apps: z.array(z.object({ app: z.string().max(64), requests: z.number().int().min(0), held: z.number().int().min(0) })),
})

type LoadReportBody = z.infer<typeof loadReport>

export interface MachineUse {
  readonly inFlight: number
  readonly webSockets: number
  /** On the monotonic clock: when the machine was last seen with a request, or -Infinity. */
  readonly usedAtMs: number
}

export interface EdgeLoad {
  readonly region: RegionCode
  readonly inFlight: ReadonlyMap<MachineId, number>
  /** Requests that wait at the edge for a machine. */
  readonly held: ReadonlyMap<AppName, number>
}

/** What all edges together see of the machines. An edge that is silent for five seconds is one that nothing is known of. */
export interface LoadIntake {
  take(report: LoadReportBody): void
  use(machine: MachineId): MachineUse
  /** What each edge that is not silent last said. */
  latest(): readonly EdgeLoad[]
  /** True when each of these edges reported within the last five seconds. */
  hears(edges: readonly EdgeId[]): boolean
  /** True when each of these edges reported within the last five seconds that it goes by routes of this revision or a later one. */
  haveRoutes(edges: readonly EdgeId[], revision: number): boolean
}
const silenceMs = 5_000
const forgetMs = 3_600_000

export function openLoadIntake(clock: Pick<Clock, 'monotonic'>): LoadIntake {
  const edges = new Map<string, { atMs: number; report: LoadReportBody; machines: ReadonlyMap<string, LoadReportBody['machines'][number]> }>()
  const usedAt = new Map<string, number>()
  const isHeard = (edge: EdgeId) => clock.monotonic() - (edges.get(edge)?.atMs ?? -Infinity) <= silenceMs
  return {
    take(report) {
      const now = clock.monotonic()
      edges.set(report.edge, { atMs: now, report, machines: new Map(report.machines.map((machine) => [machine.id, machine])) })
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
    latest: () =>
      [...edges.values()]
        .filter((edge) => clock.monotonic() - edge.atMs <= silenceMs)
        .map(({ report }) => ({
          region: report.region as RegionCode,
          inFlight: new Map(report.machines.map(({ id, inFlight }) => [id as MachineId, inFlight])),
          held: new Map(report.apps.map(({ app, held }) => [app as AppName, held])),
        })),
    hears: (wanted) => wanted.every(isHeard),
    haveRoutes: (wanted, revision) => wanted.every((edge) => isHeard(edge) && (edges.get(edge)?.report.routes ?? 0) >= revision),
  }
}
