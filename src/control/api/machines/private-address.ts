import { createHash } from 'node:crypto'
import type { HostId, MachineId } from '../../../model/ids.ts'

/** The machine's 6PN address (platform-semantics §8.1): fdaa, then 32 bits each of network, host and machine, `:2`. The same wherever it is asked for. */
export const privateAddress = (network: string, host: HostId, machine: MachineId): string =>
  `fdaa:${wordsOf(`network ${network}`)}:${wordsOf(`host ${host}`)}:${wordsOf(`machine ${machine}`)}:2`

/** Lists ask for the same ones again and again. */
const known = new Map<string, string>()
const mostKnown = 20_000
function wordsOf(text: string): string {
  let words = known.get(text)
  if (words === undefined) {
    const hash = createHash('sha256').update(text).digest()
    words = `${hash.readUInt16BE(0).toString(16)}:${hash.readUInt16BE(2).toString(16)}`
    if (known.size >= mostKnown) known.clear()
    known.set(text, words)
  }
  return words
}
