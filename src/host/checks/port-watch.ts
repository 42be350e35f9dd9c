import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { MachineId } from '../../model/ids.ts'
import { endpointPort } from '../../model/machine/machine-record.ts'
import { servicePorts } from '../../model/service/service.ts'
import type { MachineRow } from '../machines/machine-row.ts'

/** A wake polls faster by itself; this is for starts that nobody waits for, which may be many at once. */
const pauseMs = (waitedMs: number) => (waitedMs < 2_000 ? 20 : waitedMs < 20_000 ? 100 : 1_000)

/** Sees when the service ports of a run that has just begun accept. Without it, edges would send requests to a program that is still loading. */
export interface PortWatch extends Disposable {
  /** To be called after each change of a machine's row. */
  follow(row: MachineRow): void
}

export function openPortWatch(deps: {
  readonly clock: Clock
  readonly log: Log
  readonly accepts: (address: string, port: number, signal: AbortSignal) => Promise<boolean>
  readonly opened: (id: MachineId, runId: string) => Promise<unknown> | undefined
}): PortWatch {
  const watched = new Map<MachineId, { readonly runId: string; readonly stop: AbortController }>()

  async function watch(row: MachineRow, runId: string, signal: AbortSignal): Promise<void> {
    const beganMs = deps.clock.monotonic()
    const waiting = new Set(servicePorts(row.desired.config))
    for (;;) {
      for (const port of waiting) if (await deps.accepts(row.endpoint.address, endpointPort(row.endpoint, port), signal)) waiting.delete(port)
      if (waiting.size === 0) break
      await deps.clock.sleep(pauseMs(deps.clock.monotonic() - beganMs), signal)
    }
    await deps.opened(row.desired.id, runId)
  }

  return {
    follow(row) {
      const { id } = row.desired
      const runId = row.state === 'started' && row.isOpen === false ? row.run?.runId : undefined
      const current = watched.get(id)
      if (current?.runId === runId) return
      current?.stop.abort(new Error('the run is watched no longer'))
      watched.delete(id)
      if (runId === undefined) return
      const stop = new AbortController()
      watched.set(id, { runId, stop })
      watch(row, runId, stop.signal).catch((error: unknown) => {
        if (!stop.signal.aborted) deps.log.error('ports of a machine not watched', { machine: id, error })
      })
    },
    [Symbol.dispose]() {
      for (const { stop } of watched.values()) stop.abort(new Error('the host closes'))
      watched.clear()
    },
  }
}
