import { createHash } from 'node:crypto'
import { list } from 'tar'
import { fault } from '../../model/fault/fault.ts'

const limitBytes = 64 * 1024 * 1024

/**
 * The key under which installed dependencies are reused: over the very bytes that are installed from, read from the source layer. The client's own key
 * goes in too but is not trusted alone, or one project could be handed what another had installed. Fault invalid_body when a file is not in the layer.
 */
export async function dependencyKey(request: {
  readonly kind: string
  readonly clientKey: string
  readonly fingerprint: string
  readonly org: string
  readonly sourceFile: string
  readonly files: readonly string[]
}): Promise<string> {
  const wanted = new Set(request.files.map(checkPath))
  const found = new Map<string, string>()
  let size = 0
  await list({
    file: request.sourceFile,
    onReadEntry(entry) {
      const path = entry.path.replace(/^\.\//, '')
      if (!wanted.has(path)) return
      size += entry.size
      if (size > limitBytes) throw fault('invalid_body', { problems: [`dependencies.files: more than ${limitBytes} bytes`] })
      const hash = createHash('sha256')
      entry.on('data', (chunk) => hash.update(chunk))
      entry.on('end', () => found.set(path, hash.digest('hex')))
    },
  })
  const missing = [...wanted].filter((path) => !found.has(path))
  if (missing.length > 0) throw fault('invalid_body', { problems: missing.map((path) => `dependencies.files: ${path} is not in the source layer`) })
  const parts = [request.org, request.kind, request.clientKey, request.fingerprint, ...[...found].toSorted(([a], [b]) => (a < b ? -1 : 1))]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/** Relative, inside, without tricks; faults `invalid_body`. */
export function checkPath(path: string): string {
  const isFine = path !== '' && path.length <= 1024 && !path.startsWith('/') && !path.includes('\\') && !path.includes('\0')
  if (!isFine || path.split('/').some((part) => part === '..' || part === '.' || part === '')) {
    throw fault('invalid_body', { problems: [`dependencies.files: ${JSON.stringify(path.slice(0, 200))} is not a path inside the project`] })
  }
  return path
}
