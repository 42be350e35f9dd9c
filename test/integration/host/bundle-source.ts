import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { create } from 'tar'
import type { LayerSource } from '../../../src/host/layer-source.ts'
import type { Bundle } from '../../../src/model/app.ts'
import { digestOfHex, parseAppName, type Digest } from '../../../src/model/ids.ts'

export interface BundleSource extends LayerSource {
  /** Makes a bundle of one file, index.js, that Node runs; returns the image reference. */
  add(source: string): Promise<string>
}

const sha256 = (data: string | Buffer) => digestOfHex(createHash('sha256').update(data).digest('hex'))

export function bundleSource(): BundleSource {
  const bundles = new Map<Digest, Bundle>()
  const layers = new Map<Digest, Buffer>()
  return {
    async add(source) {
      const dir = await mkdtemp(join(tmpdir(), 'kante-b-'))
      await writeFile(join(dir, 'index.js'), source)
      const chunks: Buffer[] = []
      for await (const chunk of create({ cwd: dir, gzip: true, portable: true, mtime: new Date(0) }, ['index.js'])) chunks.push(chunk)
      await rm(dir, { recursive: true })
      const layer = Buffer.concat(chunks)
      layers.set(sha256(layer), layer)
      const record = {
        schema: 1 as const,
        app: parseAppName('web'),
        layers: [{ digest: sha256(layer), sizeBytes: layer.length, role: 'source' as const }],
        start: { kind: 'command' as const, argv: [process.execPath, 'index.js'] },
        env: {},
        createdAt: '2026-01-01T00:00:00.000Z',
      }
      const digest = sha256(JSON.stringify(record))
      bundles.set(digest, { ...record, digest })
      return `bundle@${digest}`
    },
    async bundle(digest) {
      const bundle = bundles.get(digest)
      if (bundle === undefined) throw new Error(`no bundle ${digest}`)
      return bundle
    },
    async layer(digest) {
      return Readable.from([layers.get(digest) ?? Buffer.alloc(0)])
    },
  }
}
