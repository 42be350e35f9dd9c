import { createHash } from 'node:crypto'
import type { HostId, MachineId } from '../../../model/ids.ts'

/** The machine's 6PN address (platform-semantics §8.1): fdaa, then 32 bits each of network, host and machine, `:2`. The same wherever it is asked for. */
export function privateAddress(network: string, host: HostId, machine: MachineId): string {
  const bits = (text: string) => createHash('sha256').update(text).digest()
  const words = [bits(`network ${network}`), bits(`host ${host}`), bits(`machine ${machine}`)].flatMap((hash) => [
    hash.readUInt16BE(0),
    hash.readUInt16BE(2),
  ])
  return `fdaa:${words.map((word) => word.toString(16)).join(':')}:2`
}
