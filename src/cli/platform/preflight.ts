import { access, constants, lstat, statfs } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { dirname } from 'node:path'
import { fault } from '../../model/fault/fault.ts'
import { ensureFolder } from '../../kit/durable-file.ts'
import type { PlatformFile } from '../../kit/platform-file.ts'
import type { PlatformPaths } from '../../kit/platform-paths.ts'

/**
 * Sockets may lie in a short folder of the temporary folder, where others can write: it must be ours, and closed to them. Made here, so that nobody
 * else can have made it.
 */
export async function prepareRunDir(paths: PlatformPaths, uid: number | undefined): Promise<void> {
  await ensureFolder(paths.runDir)
  const found = await lstat(paths.runDir)
  if (!found.isDirectory() || (uid !== undefined && found.uid !== uid) || (found.mode & 0o077) !== 0)
    throw fault('home_unusable', { path: paths.runDir, reason: 'the folder for sockets must be yours, with mode 0700' })
}

/** Below this an `up` is refused: the store's log alone needs some of it. */
const neededMb = 64
const loopbacks = ['127.0.0.1', '::1'] as const

/** Makes the home, 0700, and says in words when that cannot be. */
export async function prepareHome(paths: PlatformPaths): Promise<void> {
  try {
    await ensureFolder(paths.home)
    await ensureFolder(paths.logsDir)
    await access(paths.home, constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw fault('home_unusable', { path: paths.home, reason: (cause as Error).message }, cause)
  }
}

export async function refuseFullDisk(path: string): Promise<void> {
  const freeMb = await freeMegabytes(path)
  if (freeMb < neededMb) throw fault('disk_full', { path, freeMb, neededMb })
}

/** Of the disk that holds the path, or would hold it. */
export async function freeMegabytes(path: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(path)
    return Math.floor((bavail * bsize) / 1_048_576)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error
    return freeMegabytes(dirname(path))
  }
}

/** Refuses when a port of the platform is taken. The edges of a keeper that outlived its daemon hold theirs rightly. */
export async function refuseTakenPorts(file: PlatformFile, paths: PlatformPaths): Promise<void> {
  await refuseTakenPort(file.apiPort, '--api-port', ['127.0.0.1'])
  for (const region of file.regions) {
    if (await answersOn(paths.host(region.code).keeperSocket)) continue
    await refuseTakenPort(region.httpPort, '--http-port', loopbacks)
  }
}

async function refuseTakenPort(port: number, flag: string, addresses: readonly string[]): Promise<void> {
  for (const address of addresses) {
    const state = await portState(address, port)
    if (state === 'taken') throw fault('port_in_use', { address, port, flag })
    if (state === 'forbidden')
      throw fault('invalid_value', { field: flag, found: port, rule: 'a port from 1024 on, unless the system lets you listen on lower ones' })
  }
}

/** absent: this computer has no such address, as `::1` where IPv6 is off. */
export function portState(address: string, port: number): Promise<'free' | 'taken' | 'forbidden' | 'absent'> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve('taken')
      else if (error.code === 'EACCES') resolve('forbidden')
      else if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') resolve('absent')
      else reject(error)
    })
    server.listen({ host: address, port, exclusive: true, ipv6Only: address.includes(':') }, () => server.close(() => resolve('free')))
  })
}

/** Whether someone accepts connections on a unix socket. */
export function answersOn(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path: socketPath })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    // No file, or a file that a dead process left: either way nobody is there.
    socket.once('error', () => resolve(false))
  })
}
