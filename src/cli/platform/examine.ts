import { access, constants, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { delimiter, join } from 'node:path'
import { isFault } from '../../model/fault/fault.ts'
import { readPlatformFile, type PlatformFile } from '../../kit/platform-file.ts'
import type { PlatformPaths } from '../../kit/platform-paths.ts'
import { version } from '../../kit/version.ts'
import type { PlatformStatus } from '../../protocol/kante-api.ts'
import type { CliContext } from '../context.ts'
import { lookAtDataFolder } from './data-folder.ts'
import { findDaemon } from './daemon.ts'
import { answersOn, freeMegabytes, portState } from './preflight.ts'
import { pathsWithData } from './stop-platform.ts'

/** One thing that was looked at. `fix` is a sentence: what to do. */
export interface Finding {
  readonly what: string
  readonly status: 'ok' | 'warning' | 'failed'
  readonly found: string
  readonly fix?: string
}
const ok = (what: string, found: string): Finding => ({ what, status: 'ok', found })
const warning = (what: string, found: string, fix: string): Finding => ({ what, status: 'warning', found, fix })
const failed = (what: string, found: string, fix: string): Finding => ({ what, status: 'failed', found, fix })

/** Looks at this computer first, then at the platform of this home. Changes nothing. */
export async function* examine(ctx: CliContext): AsyncGenerator<Finding, void, undefined> {
  const paths = await pathsWithData(ctx.paths)
  yield node()
  yield await home(paths)
  yield* secrets(paths)
  yield await disk(paths)
  yield await data(paths)
  yield await ownAddresses()
  yield await ipv6()
  yield await installer(ctx.env['PATH'] ?? '')
  const file = await readPlatformFile(paths.platformFile).catch((error: Error) => error)
  if (file instanceof Error) {
    yield failed('platform.json', file.message, 'mend it by hand, or remove it and run `kante up` with all flags')
    return
  }
  const daemon = await findDaemon(paths)
  if (daemon === undefined) {
    yield warning('daemon', `does not run; its log is ${paths.daemonLog}`, 'start the platform with `kante up`')
    yield* portsWhileDown(file, paths)
    return
  }
  yield ok('daemon', `runs as process ${daemon.pid}; its log is ${paths.daemonLog}`)
  yield* platform(ctx, paths, file)
}

function node(): Finding {
  const major = Number(process.versions.node.split('.')[0])
  const found = `${process.version} at ${process.execPath}`
  return major >= 26 ? ok('Node', found) : failed('Node', found, 'Kante needs Node 26 or newer')
}

async function home(paths: PlatformPaths): Promise<Finding> {
  try {
    await access(paths.home, constants.W_OK | constants.X_OK)
    return ok('home', paths.home)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return ok('home', `${paths.home} is not there yet; the first \`kante up\` makes it`)
    return failed('home', message, `make ${paths.home} writable for you, or name another folder with KANTE_HOME`)
  }
}

async function* secrets(paths: PlatformPaths): AsyncGenerator<Finding> {
  for (const [what, path] of [
    ['token', paths.tokenFile],
    ['master key', paths.masterKeyFile],
    ['contexts', paths.contextsFile],
  ] as const) {
    const found = await stat(path).catch(() => undefined)
    if (found === undefined) continue
    const mode = found.mode & 0o777
    yield (mode & 0o077) === 0
      ? ok(what, `${path}, for you only`)
      : failed(what, `${path} has mode 0${mode.toString(8)}`, `run \`chmod 600 ${path}\``)
  }
}

async function disk(paths: PlatformPaths): Promise<Finding> {
  const freeMb = await freeMegabytes(paths.data)
  const found = `${freeMb} MB free for ${paths.data}`
  if (freeMb < 64) return failed('disk', found, 'free some space: the store refuses writes on a full disk')
  return freeMb < 1024 ? warning('disk', found, 'free some space before it runs out') : ok('disk', found)
}

async function data(paths: PlatformPaths): Promise<Finding> {
  try {
    const found = await lookAtDataFolder(paths.data)
    if (found === 'foreign') return failed('data', `${paths.data} holds something else`, 'name another folder with `kante up --data DIR`')
    return ok('data', found === 'ours' ? paths.data : `${paths.data} is ${found}`)
  } catch (error) {
    return failed('data', (error as Error).message, `make ${paths.data} readable and writable for you`)
  }
}

async function ownAddresses(): Promise<Finding> {
  const state = await portState('127.83.7.1', 0)
  return state === 'free'
    ? ok('machine addresses', 'each machine gets a loopback address of its own, so all may listen on 8080')
    : warning(
        'machine addresses',
        'this system has only 127.0.0.1',
        'machines get ports of their own instead; programs must listen on the port in PORT',
      )
}

async function ipv6(): Promise<Finding> {
  return (await portState('::1', 0)) === 'free'
    ? ok('IPv6 loopback', 'edges listen on 127.0.0.1 and ::1')
    : warning('IPv6 loopback', 'there is no ::1', 'edges listen on 127.0.0.1 only; clients that try ::1 first fall back to it')
}

async function installer(path: string): Promise<Finding> {
  const found: string[] = []
  for (const program of ['npm', 'pnpm', 'yarn', 'bun', 'deno', 'python3', 'go']) if (await isInPath(program, path)) found.push(program)
  return found.includes('npm')
    ? ok('programs', `${found.join(', ')} for installing and running projects`)
    : warning(
        'programs',
        `npm is not in PATH${found.length === 0 ? '' : `; found ${found.join(', ')}`}`,
        'put npm in the PATH of `kante up` to deploy projects with npm dependencies',
      )
}

async function isInPath(program: string, path: string): Promise<boolean> {
  for (const folder of path.split(delimiter)) {
    if (folder === '') continue
    try {
      await access(join(folder, program), constants.X_OK)
      return true
    } catch {
      continue
    }
  }
  return false
}

async function* portsWhileDown(file: PlatformFile | undefined, paths: PlatformPaths): AsyncGenerator<Finding> {
  const edges = file?.regions.map((region) => ({
    what: `port of ${region.code}`,
    port: region.httpPort,
    socket: paths.host(region.code).keeperSocket,
  })) ?? [{ what: 'port of the first edge', port: 8080, socket: undefined }]
  for (const edge of edges) {
    if (edge.socket !== undefined && (await answersOn(edge.socket))) {
      yield warning(edge.what, `${edge.port} is served by an edge whose daemon is gone`, '`kante up` takes it over, `kante down` ends it')
    } else yield await port(edge.what, edge.port, '--http-port')
  }
  yield await port('port of the API', file?.apiPort ?? 4280, '--api-port')
}

async function port(what: string, number: number, flag: string): Promise<Finding> {
  const state = await portState('127.0.0.1', number)
  return state === 'free'
    ? ok(what, `${number} is free`)
    : failed(what, `${number} is ${state}`, `end the program that listens there, or run \`kante up ${flag} N\``)
}

async function* platform(ctx: CliContext, paths: PlatformPaths, file: PlatformFile | undefined): AsyncGenerator<Finding> {
  let status: PlatformStatus
  try {
    const { openLocalApi } = await import('../api/local-api.ts')
    await using api = await openLocalApi(ctx)
    status = await api.request<PlatformStatus>('GET', '/v1/kante/platform', { timeoutMs: 10_000 })
  } catch (error) {
    if (!isFault(error)) throw error
    yield failed(
      'API',
      error.message,
      error.hint ?? `read ${paths.daemonLog}; \`kante down\` and \`kante up\` start it anew, machines keep their data`,
    )
    return
  }
  yield ok('API', `${status.apiAddress}, store ${status.store}`)
  if (status.version !== version)
    yield warning('version', `the daemon is ${status.version}, this client ${version}`, 'run `kante down`, then `kante up`, to run the new version')
  for (const region of status.regions) {
    const socket = paths.host(region.code).keeperSocket
    yield (await answersOn(socket))
      ? ok(`keeper of ${region.code}`, 'answers')
      : failed(
          `keeper of ${region.code}`,
          `does not answer at ${socket}`,
          'it is started anew within seconds; if not, run `kante down` and `kante up`',
        )
    yield region.status === 'ok'
      ? ok(`host of ${region.code}`, `${region.machines} machines, ${region.started} started, ${region.runtime} runtime`)
      : failed(`host of ${region.code}`, 'unreachable', `read ${paths.daemonLog}`)
    const edgePort = file?.regions.find((each) => each.code === region.code)?.httpPort
    const accepts = edgePort !== undefined && (await acceptsOn('127.0.0.1', edgePort))
    yield region.edge === 'ok' && accepts
      ? ok(`edge of ${region.code}`, region.edgeUrl)
      : failed(`edge of ${region.code}`, `${region.edgeUrl} does not answer`, `read ${join(paths.host(region.code).dir, 'logs', 'edge.log')}`)
  }
}

function acceptsOn(host: string, number: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: number })
    socket.setTimeout(3000, () => socket.destroy(new Error('no answer')))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
