import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:net'
import { readIfThere, writeDurably } from '../../kit/durable-file.ts'
import type { AddressRange } from './address-pool.ts'

const bits = 20
/** A platform listens here on the first address of each range that it uses, so that two platforms on one computer never share one. */
const claimPort = 4279

export interface ClaimedRange extends AsyncDisposable {
  readonly range: AddressRange
}

/**
 * The /20 of 127/8 that a host's machines get their addresses from: the one in `file`, or the first unclaimed one from a place that `seed`
 * decides. Where loopback has only 127.0.0.1 (macOS), ports are mapped instead.
 */
export async function claimAddressRange(options: {
  readonly file: string
  readonly seed: string
  readonly forcePorts?: boolean
}): Promise<ClaimedRange> {
  const recorded = await readIfThere(options.file)
  const known = recorded === undefined ? undefined : (JSON.parse(recorded) as AddressRange)
  if (known !== undefined && 'base' in known) return { range: known, ...(await holdClaim(known.base)) }
  if (known !== undefined) return { range: known, [Symbol.asyncDispose]: async () => undefined }
  const start = createHash('sha256').update(options.seed).digest().readUInt16BE(0)
  for (let attempt = 0; attempt < rangeCount && options.forcePorts !== true; attempt++) {
    const base = baseOf((start + attempt) % rangeCount)
    const claim = await tryClaim(base)
    if (claim === 'taken') continue
    if (claim === 'no-such-address') break
    const range = { base, bits }
    await writeDurably(options.file, JSON.stringify(range))
    return { range, [Symbol.asyncDispose]: () => closed(claim) }
  }
  const range = { mode: 'ports' as const }
  await writeDurably(options.file, JSON.stringify(range))
  return { range, [Symbol.asyncDispose]: async () => undefined }
}

// 127.16.0.0/20 … 127.254.240.0/20: the low sixteenth is left to what people use by hand.
const rangeCount = (255 - 16) * 16
const baseOf = (index: number) => `127.${16 + Math.floor(index / 16)}.${(index % 16) * 16}.0`
const claimAddressOf = (base: string) => base.replace(/\.0$/, '.1')

/** Its own recorded range is used even when the claim is not to be had: machines of before may still run in it. */
async function holdClaim(base: string): Promise<AsyncDisposable> {
  const claim = await tryClaim(base)
  return { [Symbol.asyncDispose]: async () => (typeof claim === 'string' ? undefined : await closed(claim)) }
}

const tryClaim = (base: string) =>
  new Promise<Server | 'taken' | 'no-such-address'>((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.unref()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve('taken')
      else if (error.code === 'EADDRNOTAVAIL') resolve('no-such-address')
      else reject(error)
    })
    server.listen({ host: claimAddressOf(base), port: claimPort }, () => resolve(server))
  })
const closed = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()))
