import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { create } from 'tar'
import { digestOfHex, type Digest } from '../../model/ids.ts'

export interface PackedLayer {
  readonly file: string
  readonly digest: Digest
  readonly sizeBytes: number
}

/**
 * Writes files of a folder as tar.gz. The same files give the same bytes: paths in the order given, no times, owners or device numbers.
 * `paths` are relative to `dir`; a folder among them is taken with all below it.
 */
export async function packFiles(
  dir: string,
  paths: readonly string[],
  outputFile: string,
  options: { readonly isRecursive: boolean },
): Promise<PackedLayer> {
  const hash = createHash('sha256')
  const hashing = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  const archive = create(
    {
      cwd: dir,
      // Level 1: a deploy waits for this, and the layer goes no further than to the hosts.
      gzip: { level: 1, portable: true },
      portable: true,
      noDirRecurse: !options.isRecursive,
      mtime: new Date(0),
      preservePaths: false,
    },
    // A leading @ would name an archive to include.
    paths.map((path) => (path.startsWith('@') ? `./${path}` : path)),
  )
  await pipeline(archive as unknown as NodeJS.ReadableStream, hashing, createWriteStream(outputFile, { flags: 'wx', mode: 0o600 }))
  return { file: outputFile, digest: digestOfHex(hash.digest('hex')), sizeBytes: (await stat(outputFile)).size }
}
