import { fault } from '../../model/fault/fault.ts'
import type { HostRecord } from '../../model/host.ts'
import type { MachineEndpoint } from '../../model/machine/machine-record.ts'

/** CIDR: `base` with `bits` leading bits fixed, such as 127.83.16.0 and 20; or, where 127/8 isn't there, ports of 127.0.0.1. */
export type AddressRange =
  | { readonly base: string; readonly bits: number }
  | { readonly mode: 'ports'; readonly firstPort: number; readonly count: number }

/** Hands out one endpoint per machine; what a record holds is never given to another (ADR 0009). */
export interface AddressPool {
  /** An endpoint for a new machine, or `current` with what new ports need. Fault insufficient_capacity. */
  take(ports: readonly number[], current?: MachineEndpoint): MachineEndpoint
  /** Marks a recorded endpoint as taken. */
  hold(endpoint: MachineEndpoint): void
  release(endpoint: MachineEndpoint): void
}

/** The range's first addresses stay free: the platform's own claim listens there. */
const reserved = 16

export function addressPool(range: AddressRange, host: HostRecord): AddressPool {
  return 'base' in range ? ownAddresses(range.base, range.bits, host) : mappedPorts(range, host)
}

const exhausted = (host: HostRecord, what: string) => fault('insufficient_capacity', { region: host.region.code, reason: `all ${what} are taken` })

function ownAddresses(base: string, bits: number, host: HostRecord): AddressPool {
  const size = 2 ** (32 - bits)
  const first = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const text = (offset: number) => [24, 16, 8, 0].map((shift) => Math.floor((first + offset) / 2 ** shift) % 256).join('.')
  const taken = new Set<string>()
  // Goes round, so that an address rests before its next owner gets connections meant for the last one.
  let cursor = reserved
  return {
    take(_ports, current) {
      if (current !== undefined) return current
      for (let tried = reserved; tried < size - 1; tried++) {
        const address = text(cursor)
        cursor = cursor + 1 < size - 1 ? cursor + 1 : reserved
        if (taken.has(address)) continue
        taken.add(address)
        return { address }
      }
      throw exhausted(host, `${size - 1 - reserved} addresses of ${base}/${bits}`)
    },
    hold(endpoint) {
      taken.add(endpoint.address)
      const offset = endpoint.address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) - first
      if (offset >= cursor && offset < size - 2) cursor = offset + 1
    },
    release(endpoint) {
      taken.delete(endpoint.address)
    },
  }
}

function mappedPorts({ firstPort: first, count }: { readonly firstPort: number; readonly count: number }, host: HostRecord): AddressPool {
  const taken = new Set<number>()
  let cursor = 0
  const takePort = (): number => {
    for (let tried = 0; tried < count; tried++) {
      const port = first + cursor
      cursor = (cursor + 1) % count
      if (taken.has(port)) continue
      taken.add(port)
      return port
    }
    throw exhausted(host, `${count} ports from ${first}`)
  }
  return {
    take(ports, current) {
      const map: Record<string, number> = { ...current?.portMap }
      for (const port of ports) map[String(port)] ??= takePort()
      return { address: '127.0.0.1', portMap: map }
    },
    hold(endpoint) {
      for (const port of Object.values(endpoint.portMap ?? {})) taken.add(port)
    },
    release(endpoint) {
      for (const port of Object.values(endpoint.portMap ?? {})) taken.delete(port)
    },
  }
}
