import { spawn } from 'node:child_process'
import { fault } from '../../model/fault/fault.ts'

const outputLimit = 16_000
const reportLimit = 200
const graceMs = 3_000

/** Runs a package manager to its end. Faults install_failed with its last output, also when it is missing or took too long. */
export async function runInstaller(
  command: { readonly argv: readonly string[]; readonly env: Readonly<Record<string, string>>; readonly cwd: string },
  options: { readonly timeoutMs: number; readonly signal: AbortSignal; readonly report: (line: string) => void },
): Promise<void> {
  const [program = '', ...args] = command.argv
  options.signal.throwIfAborted()
  // A group of its own: scripts of dependencies must not outlive it.
  const child = spawn(program, args, { cwd: command.cwd, env: command.env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const output = collectOutput(options.report)
  child.stdout.on('data', output.add)
  child.stderr.on('data', output.add)
  const limit = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)])
  const onLimit = () => {
    killGroup(child.pid, 'SIGTERM')
    setTimeout(() => killGroup(child.pid, 'SIGKILL'), graceMs).unref()
  }
  limit.addEventListener('abort', onLimit, { once: true })
  try {
    const ended = await new Promise<string | number>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => resolve(code ?? signal ?? 'unknown'))
    })
    options.signal.throwIfAborted()
    if (ended === 0) return
    const note = limit.aborted ? `\nended after ${options.timeoutMs / 1000} s` : ''
    throw fault('install_failed', { command: shown(command.argv), exitCode: ended, output: output.tail() + note })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw fault('install_failed', { command: shown(command.argv), exitCode: 127, output: `${program} is not installed on this computer` }, error)
    }
    throw error
  } finally {
    limit.removeEventListener('abort', onLimit)
  }
}

const shown = (argv: readonly string[]) => argv.slice(0, 3).join(' ')

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    // Gone already is what we want.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

function collectOutput(report: (line: string) => void) {
  let text = ''
  let rest = ''
  let reported = 0
  return {
    add: (chunk: Buffer) => {
      const part = chunk.toString('utf8')
      text = (text + part).slice(-outputLimit)
      const lines = (rest + part).split('\n')
      rest = (lines.pop() ?? '').slice(-outputLimit)
      for (const line of lines) if (line.trim() !== '' && reported++ < reportLimit) report(line.trimEnd())
    },
    tail: () => text.trim(),
  }
}
