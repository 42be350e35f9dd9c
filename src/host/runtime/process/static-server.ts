import { createReadStream, type Stats } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { contentType, entityTag, parseRange, pathOfTarget } from './static-file.ts'

export interface StaticServerOptions {
  readonly root: string
}
interface Found {
  readonly path: string
  readonly stats: Stats
}

/** Opens a server that answers GET and HEAD with the files below `root`; `index.html` for folders, `404.html` where there is nothing. */
export function createStaticServer(options: StaticServerOptions) {
  return createServer((request, response) => {
    answer(options.root, request, response).catch((error: unknown) => {
      console.error(error)
      if (response.headersSent) response.destroy()
      else response.writeHead(500).end()
    })
  })
}

async function answer(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return void response.writeHead(405, { allow: 'GET, HEAD' }).end()
  const target = request.url ?? '/'
  const path = pathOfTarget(target)
  if (path === undefined) return void response.writeHead(404).end()
  const found = await find(root, path)
  // Relative links of a folder's page need the slash. Never `//host`, which would lead elsewhere.
  if (found === 'folder') return void response.writeHead(308, { location: `/${path.split('/').map(encodeURIComponent).join('/')}/` }).end()
  if (found !== undefined) return send(found, 200, request, response)
  const missing = await find(root, '404.html')
  if (missing === undefined || missing === 'folder') return void response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n')
  return send(missing, 404, request, response)
}

async function find(root: string, path: string): Promise<Found | 'folder' | undefined> {
  const isFolderPath = path === '' || path.endsWith('/')
  const candidates = isFolderPath ? [join(path, 'index.html')] : [path, `${path}.html`]
  for (const candidate of candidates) {
    const file = await statInside(root, candidate)
    if (file?.stats.isFile()) return file
    if (file?.stats.isDirectory() && (await statInside(root, join(candidate, 'index.html')))?.stats.isFile()) return 'folder'
  }
  return undefined
}

/** Links are followed within the root only. */
async function statInside(root: string, path: string): Promise<Found | undefined> {
  try {
    const [base, real] = await Promise.all([realpath(root), realpath(join(root, path))])
    if (real !== base && !real.startsWith(base + sep)) return undefined
    return { path: real, stats: await stat(real) }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

async function send({ path, stats }: Found, status: number, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const tag = entityTag(stats)
  const type = contentType(path)
  const headers = {
    'content-type': type,
    etag: tag,
    'last-modified': stats.mtime.toUTCString(),
    'accept-ranges': 'bytes',
    'cache-control': type.startsWith('text/html') ? 'no-cache' : 'public, max-age=300',
    'x-content-type-options': 'nosniff',
  }
  const known = request.headers['if-none-match']
  if (status === 200 && known !== undefined && (known === '*' || known.split(/\s*,\s*/).some((item) => item.replace(/^W\//, '') === tag))) {
    return void response.writeHead(304, headers).end()
  }
  const ifRange = request.headers['if-range']
  const range = status === 200 && (ifRange === undefined || ifRange === tag) ? parseRange(request.headers.range, stats.size) : undefined
  if (range === 'unsatisfiable') return void response.writeHead(416, { 'content-range': `bytes */${stats.size}` }).end()
  const { start, end } = range ?? { start: 0, end: stats.size - 1 }
  const lengths = { 'content-length': Math.max(0, end - start + 1), ...(range ? { 'content-range': `bytes ${start}-${end}/${stats.size}` } : {}) }
  response.writeHead(range ? 206 : status, { ...headers, ...lengths })
  if (request.method === 'HEAD' || stats.size === 0) return void response.end()
  try {
    await pipeline(createReadStream(path, { start, end }), response)
  } catch (error) {
    // The client left.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
}
