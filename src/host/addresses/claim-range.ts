import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:net'
import { readIfThere, writeDurably } from '../../kit/durable-file.ts'
import { fault } from '../../model/fault/fault.ts'
import type { AddressRange } from './address-pool.ts'

const bits = 20
/** A platform listens here on the first address of each range that it uses, so that two platforms on one computer never share one. */
const claimPort = 4279

export interface ClaimedRange extends AsyncDisposable {
  readonly range: AddressRange
}

/**
 * The /20 of 127/8 that a host's machines get their addresses from: the one in `file`, or the first unclaimed one from a place that `seed`
 * decides. Where loopback has only 127.0.0.1 (macOS), ports are mapped instead: a stretch of them, claimed in the same way. Fault port_in_use.
 */
export async function claimAddressRange(options: {
  readonly file: string
  readonly seed: string
  readonly forcePorts?: boolean
}): Promise<ClaimedRange> {
  const recorded = await readIfThere(options.file)
  const known =
    recorded === undefined
      ? undefined
      : (JSON.parse(recorded) as
          | Exclude<AddressRange, { mode: string }>
          | { readonly mode: 'ports'; readonly firstPort?: number; readonly count: number })
  if (known !== undefined && 'base' in known) return { range: known, ...(await holdClaim(claimAddressOf(known.base), claimPort)) }
  if (known?.firstPort !== undefined)
    return { range: { ...known, firstPort: known.firstPort }, ...(await holdClaim('127.0.0.1', known.firstPort - 1)) }
  const start = createHash('sha256').update(options.seed).digest().readUInt16BE(0)
  if (known !== undefined) return claimPorts(start, options.file)
  for (let attempt = 0; attempt < rangeCount && options.forcePorts !== true; attempt++) {
    const base = baseOf((start + attempt) % rangeCount)
    const claim = await tryClaim(claimAddressOf(base), claimPort)
    if (claim === 'taken') continue
    if (claim === 'no-such-address') break
    const range = { base, bits }
    await writeDurably(options.file, JSON.stringify(range))
    return { range, [Symbol.asyncDispose]: () => closed(claim) }
  }
  return claimPorts(start, options.file)
}

/** Below the ports that systems give to clients (from 32768 on); the first of each stretch is the claim. */
const stretches = { first: 12_000, size: 1_000, count: 20 }

async function claimPorts(start: number, file: string): Promise<ClaimedRange> {
  for (let attempt = 0; attempt < stretches.count; attempt++) {
    const port = stretches.first + ((start + attempt) % stretches.count) * stretches.size
    const claim = await tryClaim('127.0.0.1', port)
    if (typeof claim === 'string') continue
    const range = { mode: 'ports' as const, firstPort: port + 1, count: stretches.size - 1 }
    await writeDurably(file, JSON.stringify(range))
    return { range, [Symbol.asyncDispose]: () => closed(claim) }
  }
  throw fault('port_in_use', { address: '127.0.0.1', port: stretches.first, flag: '--regions (fewer of them)' })
}

// 127.16.0.0/20 … 127.254.240.0/20: the low sixteenth is left to what people use by hand.
const rangeCount = (255 - 16) * 16
const baseOf = (index: number) => `127.${16 + Math.floor(index / 16)}.${(index % 16) * 16}.0`
const claimAddressOf = (base: string) => base.replace(/\.0$/, '.1')

/** Its own recorded range is used even when the claim is not to be had: machines of before may still run in it. */
async function holdClaim(address: string, port: number): Promise<AsyncDisposable> {
  const claim = await tryClaim(address, port)
  return { [Symbol.asyncDispose]: async () => (typeof claim === 'string' ? undefined : await closed(claim)) }
}

const tryClaim = (address: string, port: number) =>
  new Promise<Server | 'taken' | 'no-such-address'>((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.unref()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve('taken')
      else if (error.code === 'EADDRNOTAVAIL') resolve('no-such-address')
      else reject(error)
    })
    server.listen({ host: address, port }, () => resolve(server))
  })
const closed = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()))
