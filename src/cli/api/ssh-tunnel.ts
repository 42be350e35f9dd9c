import { spawn } from 'node:child_process'
import { Duplex, type Readable, type Writable } from 'node:stream'
import { fault } from '../../model/fault/fault.ts'

/** What may stand as ssh's destination: never an option, never a command. */
const destinationPattern = /^(?:[A-Za-z0-9_][A-Za-z0-9._-]*@)?[A-Za-z0-9][A-Za-z0-9.:_-]*$/
export function checkDestination(text: string): string {
  if (!destinationPattern.test(text)) throw fault('invalid_value', { field: '--ssh', found: text, rule: 'user@host' })
  return text
}

/** ssh's argv for a connection to the API of the platform over there; authentication, ports and jump hosts come from the user's ssh config. */
export const tunnelArgv = (destination: string, port: number): readonly string[] => [
  '-T',
  '-o',
  'ConnectTimeout=15',
  '-W',
  `127.0.0.1:${port}`,
  '--',
  checkDestination(destination),
]

/** @types/node lacks the pair among what Duplex.from takes; Node documents it. */
const joinStreams = (pair: { readonly writable: Writable; readonly readable: Readable }): Duplex => Duplex.from(pair as unknown as Readable)

/** A connection through `ssh -W`: the child's stdin and stdout are the socket, its stderr is the user's. */
export function openSshConnection(destination: string, port: number, env: Readonly<Record<string, string | undefined>>): Duplex {
  const child = spawn('ssh', tunnelArgv(destination, port), { stdio: ['pipe', 'pipe', 'inherit'], env: { ...env } })
  const connection = joinStreams({ writable: child.stdin, readable: child.stdout })
  child.once('error', (cause) => connection.destroy(new Error(`ssh cannot be started: ${cause.message}`, { cause })))
  child.once('exit', (code) => {
    if (code !== 0 && code !== null) connection.destroy(new Error(`ssh to ${destination} ended with exit code ${code}`))
  })
  connection.once('close', () => child.kill())
  // What node:http calls on a socket beyond a stream's methods.
  const nothing = () => connection
  return Object.assign(connection, { setKeepAlive: nothing, setNoDelay: nothing, setTimeout: nothing, ref: nothing, unref: nothing })
}
