import { spawn } from 'node:child_process'
import { fault } from '../../model/fault/fault.ts'
import { UsageError } from '../framework/usage-error.ts'
import type { CliContext } from '../context.ts'
import { checkDestination } from './ssh-tunnel.ts'

const outputLimit = 4096

/** Runs `kante auth token` on the other computer. ssh joins its words for a shell over there, so only words that no shell reads as more are let through. */
export function readTokenOverSsh(destination: string, program: string, ctx: Pick<CliContext, 'env' | 'signal'>): Promise<string> {
  if (!/^[A-Za-z0-9_./~-]+$/.test(program)) throw new UsageError(`--remote-command: found "${program}", allowed is the path of a program`)
  return new Promise((resolve, reject) => {
    const argv = ['-T', '-o', 'ConnectTimeout=15', '--', checkDestination(destination), program, 'auth', 'token']
    const child = spawn('ssh', argv, { stdio: ['inherit', 'pipe', 'inherit'], env: { ...ctx.env }, signal: ctx.signal })
    const fail = (reason: string, cause?: unknown) => reject(fault('unreachable', { address: destination, reason }, cause))
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (part: string) => (output = (output + part).slice(0, outputLimit)))
    child.once('error', (error) => fail(`ssh cannot be started: ${error.message}`, error))
    child.once('close', (code) => {
      const token = output.trim()
      if (code !== 0) fail(`\`${program} auth token\` over there ended with exit code ${code ?? 'none'}`)
      else if (!/^[\x21-\x7E]{8,}$/.test(token)) fail(`\`${program} auth token\` over there printed no token`)
      else resolve(token)
    })
  })
}
