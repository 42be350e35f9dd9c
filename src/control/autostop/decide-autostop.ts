import type { AppName, MachineId, RegionCode } from '../../model/ids.ts'
import type { MachineConfig } from '../../model/machine/machine-config.ts'
import type { MachineState } from '../../model/machine/machine-state.ts'
import { servicesOf } from '../../model/service/service.ts'

/** How a machine's config wants to be stopped, over all its services; undefined when it never is. */
export interface AutostopPolicy {
  readonly mode: 'stop' | 'suspend'
  readonly softLimit: number
  readonly minMachinesRunning: number
}
/** The most restrictive service decides: off before stop before suspend (platform-semantics §2). A machine without services is left alone. */
export function autostopPolicy(config: MachineConfig): AutostopPolicy | undefined {
  const services = servicesOf(config)
  if (services.length === 0 || services.some((service) => service.autostop === 'off')) return undefined
  return {
    mode: services.every((service) => service.autostop === 'suspend') ? 'suspend' : 'stop',
    softLimit: Math.min(...services.map((service) => service.concurrency.softLimit)),
    minMachinesRunning: Math.max(...services.map((service) => service.minMachinesRunning)),
  }
}

/** One machine of an app with services, as the loop sees it. Times are on the monotonic clock. */
export interface AutostopMachine {
  readonly id: MachineId
  readonly app: AppName
  readonly region: RegionCode
  readonly state: MachineState
  readonly isDraining: boolean
  readonly policy: AutostopPolicy | undefined
  readonly softLimit: number
  /** Since when it is started, as far as this control has seen. */
  readonly startedAtMs: number
  readonly inFlight: number
  readonly webSockets: number
  readonly usedAtMs: number
  /** A stop that was called off counts as use for this long. */
  readonly spareUntilMs: number
}
export interface AutostopInput {
  readonly nowMs: number
  readonly machines: readonly AutostopMachine[]
  readonly primaryRegionOf: (app: AppName) => RegionCode | undefined
  readonly idleMs: number
  readonly minUptimeMs: number
  /** Since when a region of an app (`app/region`) has more machines than its load needs; carried from pass to pass. */
  readonly excessSince: ReadonlyMap<string, number>
}
export interface AutostopDecision {
  readonly stop: readonly { readonly id: MachineId; readonly mode: 'stop' | 'suspend' }[]
  readonly excessSince: ReadonlyMap<string, number>
}

/**
 * Fly.io's rule (platform-semantics §2), in seconds in place of minutes. Per app and region at most one machine at a time: with several running, one goes
 * when there are more than those over their soft limit plus one, for as long as `idleMs`; the last one goes when it had no request for `idleMs`. Open
 * WebSockets are use: a machine that has one stays. In the primary region `min_machines_running` stay.
 */
export function decideAutostop(input: AutostopInput): AutostopDecision {
  const excessSince = new Map<string, number>()
  const stop: { id: MachineId; mode: 'stop' | 'suspend' }[] = []
  const places = Map.groupBy(
    input.machines.filter((machine) => machine.state === 'started'),
    (machine) => `${machine.app}/${machine.region}`,
  )
  for (const [place, machines] of places) {
    // One at a time: what leaves now changes the count.
    if (machines.some((machine) => machine.isDraining)) {
      const since = input.excessSince.get(place)
      if (since !== undefined) excessSince.set(place, since)
      continue
    }
    const overSoft = machines.filter((machine) => machine.inFlight >= machine.softLimit).length
    const hasExcess = machines.length - (overSoft + 1) >= 1
    if (hasExcess) excessSince.set(place, input.excessSince.get(place) ?? input.nowMs)
    const isExcessOld = hasExcess && input.nowMs - excessSince.get(place)! >= input.idleMs
    const candidates = machines.filter((machine) => mayStop(machine, machines.length, input) && (isExcessOld || isIdle(machine, input)))
    const chosen = candidates.toSorted((a, b) => a.inFlight - b.inFlight || a.usedAtMs - b.usedAtMs || (a.id < b.id ? -1 : 1))[0]
    if (chosen?.policy === undefined) continue
    stop.push({ id: chosen.id, mode: chosen.policy.mode })
    excessSince.delete(place)
  }
  return { stop, excessSince }
}

function mayStop(machine: AutostopMachine, running: number, input: AutostopInput): boolean {
  if (machine.policy === undefined || machine.webSockets > 0 || input.nowMs < machine.spareUntilMs) return false
  if (input.nowMs - machine.startedAtMs < input.minUptimeMs) return false
  const isPrimary = input.primaryRegionOf(machine.app) === machine.region
  return !isPrimary || running > machine.policy.minMachinesRunning
}
const isIdle = (machine: AutostopMachine, { nowMs, idleMs }: AutostopInput): boolean =>
  machine.inFlight === 0 && nowMs - Math.max(machine.usedAtMs, machine.startedAtMs) >= idleMs
