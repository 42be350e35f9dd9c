import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { ensureFolder, syncFolder } from '../../kit/durable-file.ts'
import { fault } from '../../model/fault/fault.ts'
import { digestOfHex, type Digest } from '../../model/ids.ts'

/** Layers as files named by their digest: `<dir>/<64 hex digits>.tar.gz`. What is there is whole and on disk. */
export interface LayerStore {
  has(digest: Digest): Promise<boolean>
  /** When it was written, or last asked for by `has`. */
  usedAtMs(digest: Digest): Promise<number>
  sizeOf(digest: Digest): Promise<number>
  fileOf(digest: Digest): string
  read(digest: Digest): Promise<Readable>
  /** Takes bytes to their end; the same digest again is fine. Faults layer_mismatch (nothing is kept), body_too_large, store_full. */
  write(digest: Digest, bytes: AsyncIterable<Uint8Array>): Promise<void>
  /** Takes a finished file of this folder's file system; its digest is what its bytes say. */
  adopt(file: string): Promise<{ readonly digest: Digest; readonly sizeBytes: number }>
  /** A name for a file in the making, beside the layers. */
  temporaryFile(): string
  list(): Promise<readonly Digest[]>
  remove(digest: Digest): Promise<void>
}

/** Opens the folder and clears away what uploads left unfinished. */
export async function openLayerStore(dir: string, limitBytes = 1024 ** 3): Promise<LayerStore> {
  await ensureFolder(dir)
  for (const name of await readdir(dir)) if (name.endsWith('.tmp')) await rm(join(dir, name), { force: true, recursive: true })
  const fileOf = (digest: Digest) => join(dir, `${digest.slice('sha256:'.length)}.tar.gz`)
  const sizeIfThere = async (digest: Digest): Promise<number | undefined> => {
    try {
      return (await stat(fileOf(digest))).size
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }
  const sizeOf = async (digest: Digest) => {
    const size = await sizeIfThere(digest)
    if (size === undefined) throw fault('layer_not_found', { digest })
    return size
  }
  const temporaryFile = () => join(dir, `${randomUUID()}.tmp`)
  const settle = async (temporary: string, digest: Digest) => {
    await rename(temporary, fileOf(digest))
    await syncFolder(dir)
  }
  return {
    fileOf,
    sizeOf,
    temporaryFile,
    async has(digest) {
      if ((await sizeIfThere(digest)) === undefined) return false
      // Somebody is about to use it: it is as good as new.
      const now = new Date()
      await utimes(fileOf(digest), now, now)
      return true
    },
    usedAtMs: async (digest) => (await stat(fileOf(digest))).mtimeMs,
    async read(digest) {
      await sizeOf(digest)
      return createReadStream(fileOf(digest))
    },
    async write(digest, bytes) {
      const temporary = temporaryFile()
      try {
        const found = await copy(bytes, temporary, dir, limitBytes)
        if (found !== digest) throw fault('layer_mismatch', { digest, found })
        await settle(temporary, digest)
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
    },
    async adopt(file) {
      const handle = await open(file, 'r')
      try {
        const hash = createHash('sha256')
        let sizeBytes = 0
        for await (const chunk of handle.createReadStream({ autoClose: false }) as AsyncIterable<Uint8Array>) {
          hash.update(chunk)
          sizeBytes += chunk.byteLength
        }
        await handle.sync()
        const digest = digestOfHex(hash.digest('hex'))
        await settle(file, digest)
        return { digest, sizeBytes }
      } finally {
        await handle.close()
      }
    },
    async list() {
      return (await readdir(dir)).flatMap((name) => (/^[0-9a-f]{64}\.tar\.gz$/.test(name) ? [digestOfHex(name.slice(0, 64))] : []))
    },
    remove: (digest) => rm(fileOf(digest), { force: true }),
  }
}

async function copy(bytes: AsyncIterable<Uint8Array>, file: string, dir: string, limitBytes: number): Promise<Digest> {
  const hash = createHash('sha256')
  const handle = await open(file, 'wx', 0o600)
  try {
    let size = 0
    for await (const chunk of bytes) {
      size += chunk.byteLength
      if (size > limitBytes) throw fault('body_too_large', { limitBytes })
      hash.update(chunk)
      await handle.writeFile(chunk)
    }
    await handle.sync()
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? fault('store_full', { path: dir }, error) : error
  } finally {
    await handle.close()
  }
  return digestOfHex(hash.digest('hex'))
}
