import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { create } from 'tar'
import type { Bundle } from '../../../src/model/app.ts'
import { fault } from '../../../src/model/fault/fault.ts'
import { digestOfHex, type Digest, parseAppName } from '../../../src/model/ids.ts'
import type { LayerSource } from '../../../src/host/layer-source.ts'

export interface TestLayers extends LayerSource {
  add(content: {
    readonly source: Readonly<Record<string, string>>
    readonly dependencies?: Readonly<Record<string, string>>
    readonly start: Bundle['start']
  }): Promise<Digest>
}
const hexOf = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')

/** Bundles in memory. */
export function testLayers(): TestLayers {
  const layers = new Map<Digest, Buffer>()
  const bundles = new Map<Digest, Bundle>()
  const addLayer = async (files: Readonly<Record<string, string>>, role: Bundle['layers'][number]['role']) => {
    const bytes = await tarOf(files)
    const digest = digestOfHex(hexOf(bytes))
    layers.set(digest, bytes)
    return { digest, sizeBytes: bytes.length, role }
  }
  return {
    async add({ source, dependencies, start }) {
      const found = [await addLayer(source, 'source')]
      if (dependencies) found.push(await addLayer(dependencies, 'dependencies'))
      const digest = digestOfHex(hexOf(JSON.stringify([found, start])))
      bundles.set(digest, { schema: 1, digest, app: parseAppName('test'), layers: found, start, env: {}, createdAt: new Date(0).toISOString() })
      return digest
    },
    async bundle(digest) {
      const bundle = bundles.get(digest)
      if (bundle === undefined) throw fault('bundle_not_found', { digest })
      return bundle
    },
    async layer(digest) {
      const bytes = layers.get(digest)
      if (bytes === undefined) throw fault('bundle_not_found', { digest })
      return Readable.from([bytes])
    },
  }
}

async function tarOf(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const dir = await mkdtemp(join(tmpdir(), 'kante-layer-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(dir, path)), { recursive: true })
      await writeFile(join(dir, path), text)
    }
    return Buffer.concat(
      await Array.fromAsync(create({ cwd: dir, gzip: true, portable: true, mtime: new Date(0) }, Object.keys(files)) as AsyncIterable<Buffer>),
    )
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
