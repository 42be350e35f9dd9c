import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { readFile, rename, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { entryUrl } from '../../kit/entry-url.ts'
import { KeeperError } from './keeper-protocol.ts'

export interface StartKeeperOptions {
  readonly socket: string
  /** The host's folder. */
  readonly dir: string
  readonly nodePath: string
  /** The keeper's main module; the one of this version when not given. */
  readonly entry?: string
}
/** A small young generation: what a keeper reads is written and forgotten. */
const nodeFlags = ['--max-semi-space-size=1', '--max-old-space-size=128', '--disable-warning=ExperimentalWarning']
const logLimitBytes = 1024 * 1024

/** Starts a keeper that outlives this process; resolves when its socket answers, or when another one holds the host. */
export async function startKeeper(options: StartKeeperOptions): Promise<void> {
  const entry = options.entry ?? fileURLToPath(entryUrl(import.meta.url, './main.ts'))
  mkdirSync(options.dir, { recursive: true, mode: 0o700 })
  const cache = resolve(options.dir, 'compile-cache')
  const argv = [...nodeFlags, entry, '--socket', resolve(options.socket), '--dir', resolve(options.dir)]
  const env = { NODE_COMPILE_CACHE: cache }
  const logFile = join(options.dir, 'keeper.log')
  if (((await stat(logFile).catch(() => undefined))?.size ?? 0) > logLimitBytes) await rename(logFile, `${logFile}.1`)
  const log = openSync(logFile, 'a', 0o600)
  try {
    if (!existsSync(cache)) await ended(spawn(options.nodePath, [...argv, '--warm'], { env, stdio: ['ignore', log, log] }))
    const child = spawn(options.nodePath, argv, { cwd: '/', env, detached: true, stdio: ['ignore', log, log, 'pipe'] })
    const code = await readyOrEnded(child)
    child.unref()
    if (code !== undefined && code !== alreadyKept)
      throw new KeeperError('lost', `the keeper ended with code ${code} at its start: ${await tail(logFile)}`)
  } finally {
    closeSync(log)
  }
}
/** main.ts ends so when another keeper holds the host. */
const alreadyKept = 3

const ended = (child: ChildProcess) =>
  new Promise<number>((resolve, reject) => {
    child.once('error', (error) => reject(new KeeperError('spawn_failed', `the keeper cannot be started: ${error.message}`, error)))
    child.once('exit', (code) => resolve(code ?? -1))
  })

async function readyOrEnded(child: ChildProcess): Promise<number | undefined> {
  const pipe = child.stdio[3]
  const ready = new Promise<undefined>((resolve) => pipe?.once('data', () => resolve(undefined)))
  const code = await Promise.race([ready, ended(child)])
  pipe?.destroy()
  return code
}

const tail = async (file: string) => (await readFile(file, 'utf8')).slice(-2_000)
