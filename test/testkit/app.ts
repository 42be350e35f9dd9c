import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A project folder of a test's own. */
export interface TestApp extends AsyncDisposable {
  readonly dir: string
  readonly name: string
  write(file: string, text: string): Promise<void>
}

/** A server without dependencies: says who it is, its boot's number of requests, and does what its path says. */
export const plainServer = `
const http = require('node:http')
let count = 0
const server = http.createServer((request, response) => {
  count++
  const url = new URL(request.url, 'http://x')
  if (url.pathname === '/health') return response.end('ok')
  if (url.pathname === '/exit') return process.exit(Number(url.searchParams.get('code')))
  if (url.pathname === '/env') return response.end(JSON.stringify(process.env))
  if (url.pathname === '/log') { console.log(url.searchParams.get('text')); return response.end('logged') }
  if (url.pathname === '/slow') return setTimeout(() => response.end('slow'), Number(url.searchParams.get('ms')))
  response.end(JSON.stringify({ version: VERSION, pid: process.pid, machine: process.env.FLY_MACHINE_ID, region: process.env.FLY_REGION, count }))
})
server.on('upgrade', (request, socket) => {
  const accept = require('node:crypto').createHash('sha1').update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64')
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n')
  socket.pipe(socket)
})
server.listen(8080, () => console.log('listening ' + process.env.FLY_MACHINE_ID))
`
export const plainToml = (
  name: string,
  more: { readonly autostop?: 'off' | 'stop' | 'suspend'; readonly check?: boolean; readonly soft?: number; readonly extra?: string } = {},
) => `
app = "${name}"
primary_region = "fra"

[http_service]
  internal_port = 8080
  auto_stop_machines = "${more.autostop ?? 'off'}"
  auto_start_machines = true
  min_machines_running = 0
  [http_service.concurrency]
    type = "requests"
    soft_limit = ${more.soft ?? 200}
${
  more.check === false
    ? ''
    : `
  [[http_service.checks]]
    interval = "1s"
    timeout = "2s"
    grace_period = "5s"
    method = "GET"
    path = "/health"
`
}
${more.extra ?? ''}
`

export async function openTestApp(name: string, files: Readonly<Record<string, string>>): Promise<TestApp> {
  const dir = await mkdtemp(join(tmpdir(), `kante-app-${name}-`))
  const write = async (file: string, text: string) => {
    const path = join(dir, file)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }
  for (const [file, text] of Object.entries(files)) await write(file, text)
  return { dir, name, write, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) }
}

/** The plain server as a project: fly.toml and package.json, nothing to install. */
export const plainApp = (name: string, toml: Parameters<typeof plainToml>[1] = {}) =>
  openTestApp(name, {
    'fly.toml': plainToml(name, toml),
    'package.json': JSON.stringify({ name, version: '1.0.0', scripts: { start: 'node server.js' } }),
    'server.js': plainServer.replace('VERSION', '1'),
  })
export const plainServerOfVersion = (version: number) => plainServer.replace('VERSION', String(version))
