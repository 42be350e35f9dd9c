import type { AppName, HostId } from '../../model/ids.ts'
import type { DesiredMachine, ObservedMachine } from '../../model/machine/machine-record.ts'
import { prefixes } from '../../store/keys.ts'
import type { Mirror } from '../../store/mirror.ts'

/** Machines per host and per app, kept up as they come and go: neither placing nor listing apps walks ten thousand machines. */
export interface PlatformCounts extends Disposable {
  orderedOn(host: HostId): number
  startedOn(host: HostId): number
  orderedOf(app: AppName): number
}

export function countMachines(mirror: Mirror): PlatformCounts {
  const ordered = tally(mirror, prefixes.machines, (key) => mirror.json<DesiredMachine>(key)?.host)
  const ofApp = tally(mirror, prefixes.machines, (key) => (mirror.get(key) === undefined ? undefined : (key.split('/')[1] as AppName)))
  const started = tally(mirror, prefixes.observed, (key) => {
    const machine = mirror.json<ObservedMachine>(key)
    return machine?.state === 'started' ? machine.host : undefined
  })
  return {
    orderedOn: ordered.of,
    startedOn: started.of,
    orderedOf: ofApp.of,
    [Symbol.dispose]() {
      ordered[Symbol.dispose]()
      started[Symbol.dispose]()
      ofApp[Symbol.dispose]()
    },
  }
}

function tally<Of extends string>(
  mirror: Mirror,
  prefix: string,
  whatOf: (key: string) => Of | undefined,
): Disposable & { readonly of: (what: Of) => number } {
  const counted = new Map<string, Of>()
  const counts = new Map<Of, number>()
  const add = (what: Of, by: number) => counts.set(what, (counts.get(what) ?? 0) + by)
  const look = (key: string) => {
    const before = counted.get(key)
    const now = whatOf(key)
    if (now === before) return
    if (before !== undefined) add(before, -1)
    if (now === undefined) counted.delete(key)
    else {
      counted.set(key, now)
      add(now, 1)
    }
  }
  const listening = mirror.onChange(prefix, (events) => {
    for (const event of events) look(event.key)
  })
  for (const entry of mirror.list(prefix)) look(entry.key)
  return { of: (what) => counts.get(what) ?? 0, [Symbol.dispose]: () => listening[Symbol.dispose]() }
}
