import { lstat, readdir, readlink } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { fault } from '../../model/fault/fault.ts'
import type { IgnoreRules } from '../dockerignore/dockerignore.ts'

export interface ProjectFile {
  /** Relative, with `/`. */
  readonly path: string
  readonly kind: 'file' | 'link'
  readonly sizeBytes: number
}
export interface ProjectListing {
  /** In byte order of their paths. */
  readonly files: readonly ProjectFile[]
  /** Links that lead out of the project, sockets and devices: never shipped. */
  readonly leftOut: readonly string[]
}
export interface ListingLimits {
  readonly files: number
  readonly sizeBytes: number
}
export const listingLimits: ListingLimits = { files: 50_000, sizeBytes: 512 * 1024 * 1024 }

/** Never shipped: dependencies come as a layer of their own, and history is nobody's business on a host. */
const never = new Set(['node_modules', '.git'])

/** The files of a project that are shipped, by .dockerignore's rules. Fault project_too_large. */
export async function listProject(dir: string, ignore: IgnoreRules, limits: ListingLimits = listingLimits): Promise<ProjectListing> {
  const files: ProjectFile[] = []
  const leftOut: string[] = []
  let sizeBytes = 0
  const visit = async (folder: string): Promise<void> => {
    for (const entry of await readdir(join(dir, folder), { withFileTypes: true })) {
      if (never.has(entry.name)) continue
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      const isIgnored = ignore.isIgnored(path)
      if (entry.isDirectory()) {
        if (!isIgnored || ignore.mayHaveExceptions(path)) await visit(path)
        continue
      }
      if (isIgnored) continue
      if (entry.isSymbolicLink()) {
        if (staysInside(path, await readlink(join(dir, path)))) files.push({ path, kind: 'link', sizeBytes: 0 })
        else leftOut.push(path)
      } else if (entry.isFile()) {
        const { size } = await lstat(join(dir, path))
        sizeBytes += size
        files.push({ path, kind: 'file', sizeBytes: size })
      } else leftOut.push(path)
      if (files.length > limits.files || sizeBytes > limits.sizeBytes) throw tooLarge(dir, files, limits)
    }
  }
  await visit('')
  return { files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)), leftOut: leftOut.toSorted() }
}

/** A link must not show a file of the computer it is unpacked on. */
export function staysInside(path: string, target: string): boolean {
  if (target.startsWith('/') || target.includes('\\')) return false
  const reached = posix.normalize(posix.join(posix.dirname(path), target))
  return reached !== '..' && !reached.startsWith('../')
}

function tooLarge(dir: string, files: readonly ProjectFile[], limits: ListingLimits) {
  const largest = files.toSorted((a, b) => b.sizeBytes - a.sizeBytes).slice(0, 3)
  const isBySize = files.length <= limits.files
  return fault('project_too_large', {
    dir,
    limit: isBySize ? `${limits.sizeBytes / 1024 ** 2} MiB` : `${limits.files} files`,
    largest: isBySize ? largest.map((file) => `${file.path} (${Math.ceil(file.sizeBytes / 1024 ** 2)} MiB)`) : [],
  })
}
