import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { KeeperError } from './keeper-protocol.ts'

export interface Program {
  readonly argv: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}
export interface ProgramEnd {
  /** 128 + signal when a signal ended it. */
  readonly exitCode: number
  readonly signal: number
}

/** Starts a program as leader of a session and group of its own; resolves when the system has started it. */
export async function spawnProgram(program: Program, stdio: readonly ('ignore' | 'pipe' | number)[]): Promise<ChildProcess> {
  const [command, ...args] = program.argv
  if (command === undefined) throw new KeeperError('spawn_failed', 'the command is empty')
  const child = begin(command, args, program, stdio)
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (error: NodeJS.ErrnoException) => reject(failure(error, program)))
  })
  // Later ones tell of a signal that could not be sent: the exit says what became of it.
  child.on('error', () => undefined)
  return child
}

/** What cannot be handed to the system at all (a NUL character, more than execve takes) Node throws at once. */
function begin(command: string, args: readonly string[], program: Program, stdio: readonly ('ignore' | 'pipe' | number)[]): ChildProcess {
  try {
    return spawn(command, args, { cwd: program.cwd, env: program.env, detached: true, stdio: [...stdio] })
  } catch (error) {
    throw failure(error as NodeJS.ErrnoException, program)
  }
}

/** Of these the computer is to blame, not the program: another time it may start. */
const troubleOfHost: ReadonlySet<string> = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM'])
const failure = (error: NodeJS.ErrnoException, program: Program) =>
  new KeeperError(troubleOfHost.has(error.code ?? '') ? 'internal' : 'spawn_failed', reasonOf(error, program), error)

const reasonOf = (error: NodeJS.ErrnoException, { argv, cwd }: Program) => {
  // The system says ENOENT for a missing working folder, too.
  if (error.code === 'ENOENT') return existsSync(cwd) ? `${argv[0]} was not found` : `its folder ${cwd} does not exist`
  if (error.code === 'EACCES') return `${argv[0]} is not executable`
  if (error.code === 'E2BIG') return 'its arguments and environment are longer than the system takes'
  if (error.code === 'ERR_INVALID_ARG_VALUE') return 'an argument or a variable holds a NUL character'
  return `${argv[0]}: ${error.code ?? error.message}`
}

const signalNumbers: Readonly<Record<string, number | undefined>> = constants.signals
export const isSignal = (name: unknown): name is NodeJS.Signals => typeof name === 'string' && signalNumbers[name] !== undefined

export const programEnd = (code: number | null, signal: NodeJS.Signals | null): ProgramEnd => {
  const number = signal === null ? 0 : (signalNumbers[signal] ?? 0)
  return { exitCode: code ?? 128 + number, signal: number }
}
