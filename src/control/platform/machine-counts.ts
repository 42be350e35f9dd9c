import type { HostId } from '../../model/ids.ts'
import type { DesiredMachine } from '../../model/machine/machine-record.ts'
import { prefixes } from '../../store/keys.ts'
import type { Mirror } from '../../store/mirror.ts'

/** Machines ordered per host, kept up as they come and go: placing among ten thousand does not count ten thousand. */
export interface MachineCounts extends Disposable {
  of(host: HostId): number
}

export function countMachines(mirror: Mirror): MachineCounts {
  const hostOf = new Map<string, HostId>()
  const counts = new Map<HostId, number>()
  const add = (host: HostId, by: number) => counts.set(host, (counts.get(host) ?? 0) + by)
  const put = (key: string) => {
    const host = mirror.json<DesiredMachine>(key)?.host
    const before = hostOf.get(key)
    if (host === before) return
    if (before !== undefined) add(before, -1)
    if (host === undefined) hostOf.delete(key)
    else {
      hostOf.set(key, host)
      add(host, 1)
    }
  }
  const listening = mirror.onChange(prefixes.machines, (events) => {
    for (const event of events) put(event.key)
  })
  for (const entry of mirror.list(prefixes.machines)) put(entry.key)
  return { of: (host) => counts.get(host) ?? 0, [Symbol.dispose]: () => listening[Symbol.dispose]() }
}
