import type { Clock } from '../../kit/clock.ts'
import { judgeMachine } from '../../model/deploy/judge-machine.ts'
import { isFault } from '../../model/fault/fault.ts'
import type { InstanceId, MachineId } from '../../model/ids.ts'
import type { MachineConfig } from '../../model/machine/machine-config.ts'
import type { HostPort } from '../../protocol/host-port.ts'

export type GateResult = { readonly kind: 'passed' } | { readonly kind: 'failed'; readonly reason: string }

const quickPollMs = 40
const slowPollMs = 250
const quickForMs = 3_000

/** Watches a machine until it has passed the gates of a deploy, failed them, or the time is over. Says when it begins to wait for something else. */
export async function watchGate(
  deps: { readonly clock: Clock; readonly host: HostPort; readonly onWait: (what: string) => void },
  machine: { readonly id: MachineId; readonly instanceId: InstanceId; readonly config: MachineConfig },
  options: { readonly timeoutMs: number; readonly signal: AbortSignal; readonly gates: { readonly smoke: boolean; readonly health: boolean } },
): Promise<GateResult> {
  const { clock, host } = deps
  const beganAt = clock.monotonic()
  let startedAt: number | undefined
  let waitingFor = ''
  for (;;) {
    const now = clock.monotonic()
    try {
      const report = await host.getMachine(machine.id)
      if (report.observed.state !== 'started') startedAt = undefined
      else startedAt ??= now
      const verdict = judgeMachine(report, machine.instanceId, machine.config, startedAt === undefined ? 0 : now - startedAt, options.gates)
      if (verdict.kind !== 'waiting') return verdict
      if (verdict.for !== waitingFor) deps.onWait((waitingFor = verdict.for))
    } catch (error) {
      // The host may come back; an order that a crash has left over is on its way to it. The time goes on.
      if (!isFault(error) || (error.kind !== 'unavailable' && error.code !== 'machine_not_found')) throw error
      waitingFor = error.message
    }
    if (now - beganAt >= options.timeoutMs) {
      return { kind: 'failed', reason: `after ${Math.round(options.timeoutMs / 1000)} s still waiting for ${waitingFor}` }
    }
    await clock.sleep(now - beganAt < quickForMs ? quickPollMs : slowPollMs, options.signal)
  }
}
