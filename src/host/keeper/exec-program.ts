import type { Readable } from 'node:stream'
import type { Clock } from '../../kit/clock.ts'
import { type ExecAnswer, type ExecRequest, execOutputLimitBytes } from './keeper-protocol.ts'
import { programEnd, spawnProgram } from './spawn-program.ts'
import { sendSignal } from './process-table.ts'

/** A process that left the group may keep the pipes open for ever. */
const closeWaitMs = 500

/** Runs one command to its end, its timeout or the abort; what it prints beyond the limit is read and thrown away. */
export async function execProgram(clock: Clock, request: ExecRequest, signal: AbortSignal): Promise<ExecAnswer> {
  const child = await spawnProgram(request, ['pipe', 'pipe', 'pipe'])
  const kill = () => child.pid !== undefined && sendSignal(-child.pid, 'SIGKILL')
  let isTimedOut = false
  using _deadline = clock.timer(request.timeoutMs, () => {
    isTimedOut = true
    kill()
  })
  signal.addEventListener('abort', kill)
  // A command that does not read its input closes the pipe: no error of ours.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(request.stdin ?? '')
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const end = await new Promise<{ exitCode: number; signal: number }>((resolve) => {
    child.once('exit', (code, ended) => {
      // What it left in the background would hold the pipes open.
      kill()
      const done = () => resolve(programEnd(code, ended))
      child.once('close', done)
      clock.timer(closeWaitMs, done)
    })
  })
  signal.removeEventListener('abort', kill)
  child.stdout?.destroy()
  child.stderr?.destroy()
  return { ...end, stdout: stdout(), stderr: stderr(), isTimedOut }
}

function collect(stream: Readable | null): () => string {
  const chunks: Buffer[] = []
  let size = 0
  stream?.on('data', (chunk: Buffer) => {
    const room = execOutputLimitBytes - size
    if (room <= 0) return
    chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk)
    size += Math.min(chunk.length, room)
  })
  return () => Buffer.concat(chunks).toString()
}
