import { createHash } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { isAbsolute, join, normalize } from 'node:path'
import { Transform } from 'node:stream'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type ReadEntry, Unpack } from 'tar'
import { fault } from '../../model/fault/fault.ts'
import type { Digest } from '../../model/ids.ts'

/** Fly.io's limit of a root file system (semantics §3.4). */
const sizeLimitBytes = 8 * 1024 ** 3
const entryLimit = 500_000

/**
 * Unpacks a gzip-compressed tar into a new folder and checks that its sha256 is the digest; the folder must not exist. Refuses, with fault layer_damaged and
 * nothing left behind: other bytes, paths and links that lead out of the folder, devices, more than 8 GiB or 500,000 entries.
 */
export async function unpackLayer(
  layer: Readable,
  digest: Digest,
  folder: string,
  /** Machines will have these very files: no program may change them. */
  options: { readonly isShared: boolean },
): Promise<void> {
  const hash = createHash('sha256')
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  let entries = 0
  let sizeBytes = 0
  let problem: string | undefined
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const unpack = new Unpack({
    cwd: folder,
    strict: true,
    preserveOwner: false,
    noMtime: true,
    filter: (path, entry) => {
      entries++
      sizeBytes += entry.size ?? 0
      problem ??=
        entries > entryLimit ? 'it has too many files' : sizeBytes > sizeLimitBytes ? 'it is larger than 8 GiB' : problemOf(path, entry as ReadEntry)
      if (options.isShared && 'mode' in entry && (entry as ReadEntry).type !== 'Directory') entry.mode = (entry.mode ?? 0o644) & 0o555
      return problem === undefined
    },
  })
  try {
    await pipeline(layer, hashing, unpack as unknown as NodeJS.WritableStream)
    const found = `sha256:${hash.digest('hex')}`
    if (found !== digest) problem = `its sha256 is ${found}`
    if (problem !== undefined) throw fault('layer_damaged', { digest, reason: problem })
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    if (error instanceof Error && 'tarCode' in error) throw fault('layer_damaged', { digest, reason: error.message }, error)
    throw error
  }
}

const kinds: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile', 'Directory', 'GNUDumpDir', 'SymbolicLink', 'Link'])

/** What is wrong with an entry, or undefined: pure, so that every hostile shape can be tried. */
export function problemOf(path: string, entry: { readonly type: string; readonly linkpath?: string | undefined }): string | undefined {
  if (!kinds.has(entry.type)) return `${path} is a ${entry.type}`
  if (leadsOut(path)) return `${path} leads out of it`
  const target = entry.linkpath ?? ''
  if (entry.type === 'SymbolicLink' && (isAbsolute(target) || leadsOut(join(path, '..', target)))) return `${path} links to ${target}, out of it`
  if (entry.type === 'Link' && leadsOut(target)) return `${path} links to ${target}, out of it`
  return undefined
}

const leadsOut = (path: string) => isAbsolute(path) || path.includes('\0') || /^\.\.(\/|$)/.test(normalize(path))
