import { spawn } from 'node:child_process'
import { closeSync, openSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fault, Fault, type FaultCode } from '../../model/fault/fault.ts'
import type { Clock } from '../../kit/clock.ts'
import type { PlatformPaths } from '../../kit/platform-paths.ts'
import type { FaultBody } from '../../protocol/fault-mapping.ts'
import { packageRoot } from './package-root.ts'

/** The line that kanted writes to descriptor 3 when it serves, or when it cannot. */
export type DaemonGreeting = { readonly ready: true } | { readonly error: FaultBody }

const readyTimeoutMs = 60_000
const greetingLimit = 65_536
const logLimitBytes = 8 * 1024 * 1024

/** Starts the daemon in a session of its own, its output in the log, and resolves with its pid once it and the edges serve. */
export async function spawnDaemon(
  paths: PlatformPaths,
  deps: { readonly clock: Clock; readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<number> {
  keepLogSmall(paths.daemonLog)
  const log = openSync(paths.daemonLog, 'a', 0o600)
  const child = spawn(join(packageRoot(), 'bin', 'kanted'), ['--home', paths.home], {
    detached: true,
    cwd: paths.home,
    env: deps.env,
    stdio: ['ignore', log, log, 'pipe'],
  })
  closeSync(log)
  const pipe = child.stdio[3] as Readable
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal === null ? `it ended with exit code ${code ?? 0}` : `it was ended by ${signal}`))
  })
  using _limit = deps.clock.timer(readyTimeoutMs, () => pipe.destroy(new Error(`not ready after ${readyTimeoutMs / 1000} s`)))
  const onAbort = () => pipe.destroy(deps.signal.reason as Error)
  deps.signal.addEventListener('abort', onAbort, { once: true })
  try {
    const greeting = parseGreeting(await readLine(pipe))
    if (greeting === undefined) throw fault('daemon_failed', { reason: await ended, log: paths.daemonLog })
    if ('error' in greeting) throw greetedFault(greeting.error, paths.daemonLog)
    return child.pid ?? 0
  } catch (error) {
    child.kill('SIGTERM')
    if (error instanceof Fault || deps.signal.aborted) throw error
    throw fault('daemon_failed', { reason: (error as Error).message, log: paths.daemonLog }, error)
  } finally {
    deps.signal.removeEventListener('abort', onAbort)
    pipe.destroy()
    child.unref()
  }
}

/** The log of the time before is kept as one file; each start may begin a new one. */
function keepLogSmall(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size > logLimitBytes) renameSync(path, `${path}.1`)
}

/** The first line, or '' when the pipe closes without one. */
async function readLine(pipe: Readable): Promise<string> {
  let text = ''
  for await (const part of pipe.setEncoding('utf8') as AsyncIterable<string>) {
    text += part
    const end = text.indexOf('\n')
    if (end >= 0) return text.slice(0, end)
    if (text.length > greetingLimit) break
  }
  return ''
}

export function parseGreeting(line: string): DaemonGreeting | undefined {
  try {
    const found = JSON.parse(line) as { readonly ready?: unknown; readonly error?: unknown } | null
    if (found?.ready === true) return { ready: true }
    if (typeof found?.error === 'string') return { error: found as FaultBody }
    if (typeof found?.error === 'object' && found.error !== null) return { error: found.error as FaultBody }
    return undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
/** A fault as the daemon named it; anything else is its bug, and its log says where. */
const greetedFault = (body: FaultBody, log: string): Fault =>
  body.status === 'internal'
    ? fault('daemon_failed', { reason: body.error, log })
    : new Fault(body.status as FaultCode, body.kind ?? 'precondition', body.error, body.hint, body)
