import type { HostId } from '../../model/ids.ts'
import type { DesiredMachine, ObservedMachine } from '../../model/machine/machine-record.ts'
import { prefixes } from '../../store/keys.ts'
import type { Mirror } from '../../store/mirror.ts'

/** Machines per host, kept up as they come and go: placing among ten thousand does not count ten thousand. */
export interface PlatformCounts extends Disposable {
  orderedOn(host: HostId): number
  startedOn(host: HostId): number
}

export function countMachines(mirror: Mirror): PlatformCounts {
  const ordered = tally(mirror, prefixes.machines, (key) => mirror.json<DesiredMachine>(key)?.host)
  const started = tally(mirror, prefixes.observed, (key) => {
    const machine = mirror.json<ObservedMachine>(key)
    return machine?.state === 'started' ? machine.host : undefined
  })
  return {
    orderedOn: ordered.of,
    startedOn: started.of,
    [Symbol.dispose]() {
      ordered[Symbol.dispose]()
      started[Symbol.dispose]()
    },
  }
}

function tally(mirror: Mirror, prefix: string, hostOf: (key: string) => HostId | undefined): Disposable & { readonly of: (host: HostId) => number } {
  const counted = new Map<string, HostId>()
  const counts = new Map<HostId, number>()
  const add = (host: HostId, by: number) => counts.set(host, (counts.get(host) ?? 0) + by)
  const look = (key: string) => {
    const before = counted.get(key)
    const host = hostOf(key)
    if (host === before) return
    if (before !== undefined) add(before, -1)
    if (host === undefined) counted.delete(key)
    else {
      counted.set(key, host)
      add(host, 1)
    }
  }
  const listening = mirror.onChange(prefix, (events) => {
    for (const event of events) look(event.key)
  })
  for (const entry of mirror.list(prefix)) look(entry.key)
  return { of: (host) => counts.get(host) ?? 0, [Symbol.dispose]: () => listening[Symbol.dispose]() }
}
