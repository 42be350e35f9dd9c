import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readIfThere, writeDurably } from '../../kit/durable-file.ts'
import type { Log } from '../../kit/log.ts'
import type { Bundle } from '../../model/app.ts'
import type { Digest } from '../../model/ids.ts'
import type { LayerSource } from '../layer-source.ts'
import { unpackLayer } from './unpack-layer.ts'

type Layer = Bundle['layers'][number]

/** Bundles and their layers at this host: fetched once, shared by its machines, never changed. */
export interface BundleStore {
  /** From the host's own copy when there is one, so that machines start while control is away. Fault bundle_not_found. */
  bundle(digest: Digest): Promise<Bundle>
  /** The folder with a layer's files. Fault layer_damaged. */
  layer(layer: Pick<Layer, 'digest' | 'role'>): Promise<string>
  /** Removes what no bundle of `used` needs. */
  sweep(used: ReadonlySet<Digest>): Promise<void>
}

export async function openBundleStore(
  deps: { readonly layers: LayerSource; readonly log: Log },
  options: { readonly dir: string },
): Promise<BundleStore> {
  const recordsDir = join(options.dir, 'records')
  const layersDir = join(options.dir, 'layers')
  const temporaryDir = join(options.dir, 'unpacking')
  // What a killed daemon left half unpacked.
  await rm(temporaryDir, { recursive: true, force: true })
  for (const dir of [recordsDir, layersDir, temporaryDir]) await mkdir(dir, { recursive: true, mode: 0o700 })
  const records = new Map<Digest, Promise<Bundle>>()
  const folders = new Map<Digest, Promise<string>>()

  const readBundle = async (digest: Digest) => {
    const file = join(recordsDir, `${hexOf(digest)}.json`)
    const kept = await readIfThere(file)
    if (kept !== undefined) return JSON.parse(kept) as Bundle
    const bundle = await deps.layers.bundle(digest)
    await writeDurably(file, JSON.stringify(bundle), { mode: 0o600 })
    return bundle
  }
  const unpackOnce = async (digest: Digest, role: Layer['role']) => {
    const folder = join(layersDir, hexOf(digest))
    if (await stat(folder).then(() => true, isMissing)) return folder
    const temporary = join(temporaryDir, randomBytes(6).toString('hex'))
    await unpackLayer(await deps.layers.layer(digest), digest, temporary, { isShared: role === 'dependencies' })
    await rename(temporary, folder)
    return folder
  }
  return {
    bundle: (digest) => once(records, digest, readBundle),
    layer: ({ digest, role }) => once(folders, digest, () => unpackOnce(digest, role)),
    async sweep(used) {
      const kept = new Set<string>([...used].map(hexOf))
      // A bundle that was never fetched has no layers here.
      for (const digest of used) {
        const text = await readIfThere(join(recordsDir, `${hexOf(digest)}.json`))
        for (const layer of text === undefined ? [] : (JSON.parse(text) as Bundle).layers) kept.add(hexOf(layer.digest))
      }
      for (const name of await readdir(recordsDir)) if (!kept.has(name.replace('.json', ''))) await rm(join(recordsDir, name), { force: true })
      for (const name of await readdir(layersDir)) {
        if (kept.has(name)) continue
        await rm(join(layersDir, name), { recursive: true, force: true })
        deps.log.info('a layer is no longer used', { layer: name })
      }
      for (const map of [records, folders]) for (const digest of map.keys()) if (!kept.has(hexOf(digest))) map.delete(digest)
    },
  }
}

const hexOf = (digest: Digest) => digest.slice('sha256:'.length)
const isMissing = (error: NodeJS.ErrnoException) => {
  if (error.code === 'ENOENT') return false
  throw error
}

/** Those who ask at the same time share one try; a failed one is forgotten. */
function once<T>(known: Map<Digest, Promise<T>>, digest: Digest, make: (digest: Digest) => Promise<T>): Promise<T> {
  const found = known.get(digest)
  if (found) return found
  const making = make(digest)
  known.set(digest, making)
  making.catch(() => known.delete(digest))
  return making
}
