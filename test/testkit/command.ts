import { spawn } from 'node:child_process'
import { join } from 'node:path'

export const repository = join(import.meta.dirname, '..', '..')
export const kanteLauncher = join(repository, 'bin', 'kante')

export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}
export interface CommandOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly input?: string
  readonly timeoutMs?: number
  readonly onOutput?: (text: string) => void
}

/** Runs a program to its end. A time-out ends it and is an error with what it had printed. */
export function run(file: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const timeoutMs = options.timeoutMs ?? 60_000
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...args], { cwd: options.cwd, env: options.env ?? process.env, stdio: ['pipe', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`${file} ${args.join(' ')}: no end after ${timeoutMs} ms\n${stdout}${stderr}`))
    }, timeoutMs)
    child.stdout.on('data', (part: Buffer) => {
      stdout += part.toString()
      options.onOutput?.(part.toString())
    })
    child.stderr.on('data', (part: Buffer) => {
      stderr += part.toString()
      options.onOutput?.(part.toString())
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code: code ?? (signal ? 128 : 1), stdout, stderr })
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input ?? '')
  })
}
