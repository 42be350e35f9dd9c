import { createHash } from 'node:crypto'
import type { Stats } from 'node:fs'

const types: Readonly<Record<string, string>> = {
  avif: 'image/avif',
  css: 'text/css; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  gif: 'image/gif',
  htm: 'text/html; charset=utf-8',
  html: 'text/html; charset=utf-8',
  ico: 'image/vnd.microsoft.icon',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  map: 'application/json',
  md: 'text/markdown; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
  otf: 'font/otf',
  pdf: 'application/pdf',
  png: 'image/png',
  svg: 'image/svg+xml',
  ttf: 'font/ttf',
  txt: 'text/plain; charset=utf-8',
  wasm: 'application/wasm',
  wav: 'audio/wav',
  webm: 'video/webm',
  webmanifest: 'application/manifest+json',
  webp: 'image/webp',
  woff: 'font/woff',
  woff2: 'font/woff2',
  xml: 'application/xml',
  zip: 'application/zip',
}
export const contentType = (path: string): string => types[path.slice(path.lastIndexOf('.') + 1).toLowerCase()] ?? 'application/octet-stream'

/** A file's validator: changes with its size and time (RFC 9110 §8.8.3). */
export const entityTag = (stats: Pick<Stats, 'size' | 'mtimeMs' | 'ino'>): string =>
  `"${createHash('sha1').update(`${stats.size}-${stats.mtimeMs}-${stats.ino}`).digest('base64url').slice(0, 16)}"`

/** The path below the root that a request target names, without a leading slash, or undefined when it names none: undecodable, out of the root, hidden. */
export function pathOfTarget(target: string): string | undefined {
  const raw = target.split(/[?#]/, 1)[0] ?? ''
  if (!raw.startsWith('/')) return undefined
  let path: string
  try {
    path = decodeURIComponent(raw)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
  const names = path.split('/').slice(1)
  const isFine = names.every((name) => !name.includes('\0') && !name.includes('\\') && (!name.startsWith('.') || name === '.well-known'))
  return isFine ? names.filter((name, index) => name !== '' || index === names.length - 1).join('/') : undefined
}

export type ByteRange = { readonly start: number; readonly end: number }
/** A single range of RFC 9110 §14.2; undefined: send everything. `unsatisfiable`: answer 416. */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '')
  if (match === null) return undefined
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return undefined
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first)
  const end = first === '' || last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1)
  if (first !== '' && last !== '' && Number(last) < start) return undefined
  return start > end || start >= sizeBytes ? 'unsatisfiable' : { start, end }
}
