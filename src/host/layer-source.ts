import type { Readable } from 'node:stream'
import type { Bundle } from '../model/app.ts'
import type { Digest } from '../model/ids.ts'

/** Where a host gets bundles from: control, by a direct call or over HTTP. A host never reads another folder than its own. */
export interface LayerSource {
  bundle(digest: Digest): Promise<Bundle>
  /** A tar stream, gzip-compressed; its sha256 is the digest. */
  layer(digest: Digest): Promise<Readable>
}
