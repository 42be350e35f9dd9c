import type { Bundle } from '../../model/app.ts'
import type { Digest } from '../../model/ids.ts'
import type { Store } from '../../store/contract.ts'
import { prefixes } from '../../store/keys.ts'
import { exportSnapshot } from '../../store/snapshot.ts'
import { encodeBackup } from './backup-format.ts'

export interface BackupSource {
  readonly store: Store
  readonly layers: { read(digest: Digest): Promise<AsyncIterable<Uint8Array>> }
  readonly now: () => number
  readonly version: string
}

/** The bytes of a backup: the store at one revision, then every layer that a bundle of that revision names. The master key lies outside the store. */
export function writeBackup({ store, layers, now, version }: BackupSource): AsyncGenerator<Buffer, void, undefined> {
  const wanted = new Set<Digest>()
  async function* snapshot() {
    for await (const line of exportSnapshot({ store, now })) {
      for (const digest of layersNamedIn(line)) wanted.add(digest)
      yield line
    }
  }
  async function* contents() {
    for (const digest of wanted) yield { digest, bytes: await layers.read(digest) }
  }
  return encodeBackup({ header: { createdAt: new Date(now()).toISOString(), version }, snapshot: snapshot(), layers: contents() })
}

function layersNamedIn(line: string): readonly Digest[] {
  if (!line.startsWith(`{"key":"${prefixes.bundles}`)) return []
  const { value } = JSON.parse(line) as { readonly value: string }
  return (JSON.parse(value) as Bundle).layers.map((layer) => layer.digest)
}
