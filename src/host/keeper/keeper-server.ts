import { rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import type { Log } from '../../kit/log.ts'
import type { KeeperHost } from './keeper-host.ts'
import { type FromKeeper, KeeperError, type KeeperHello, requestLimitBytes, type ToKeeper } from './keeper-protocol.ts'
import { messageLines } from './message-lines.ts'

/** A client that does not read its events is cut off; it learns all from `list` when it comes again. */
const unreadLimitBytes = 32 * 1024 * 1024

/** Serves a keeper on its unix socket, readable for its user only. `onShutdown` after the answer to it has been handed over. */
export async function serveKeeper(
  deps: { readonly host: KeeperHost; readonly hello: KeeperHello; readonly log: Log; readonly onShutdown: () => void },
  socketPath: string,
): Promise<Server> {
  const server = createServer((socket) => serveClient(deps, socket))
  // The caller holds the host's lock: what lies here is a dead keeper's.
  rmSync(socketPath, { force: true })
  // Bound within listen(), so that machines started later do not inherit the mask.
  const mask = process.umask(0o177)
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject).listen(socketPath, listening.resolve)
  process.umask(mask)
  await listening.promise
  return server
}

function serveClient(deps: Parameters<typeof serveKeeper>[0], socket: Socket): void {
  const send = (message: FromKeeper) => {
    if (socket.destroyed) return
    socket.write(`${JSON.stringify(message)}\n`)
    if (socket.writableLength > unreadLimitBytes) socket.destroy()
  }
  const answer = async (message: ToKeeper) => {
    try {
      send({ id: message.id, answer: await deps.host.handle(message.command, message) })
    } catch (error) {
      if (!(error instanceof KeeperError)) deps.log.error('a command failed', { command: message.command, error })
      const code = error instanceof KeeperError ? error.code : 'internal'
      send({ id: message.id, error: { code, message: error instanceof Error ? error.message : String(error) } })
    }
    if (message.command === 'shutdown') socket.end(deps.onShutdown)
  }
  const read = messageLines(requestLimitBytes, (line) => void answer(parseRequest(line)))
  const events = deps.host.onEvent(send)
  socket.on('data', (chunk: Buffer) => {
    try {
      read(chunk)
    } catch (error) {
      deps.log.warn('a client was cut off', { error })
      socket.destroy()
    }
  })
  socket.on('error', (error) => deps.log.debug('a client went away', { error }))
  socket.on('close', () => events[Symbol.dispose]())
  send({ hello: deps.hello })
}

function parseRequest(line: string): ToKeeper {
  const message: unknown = JSON.parse(line)
  const isRequest = typeof message === 'object' && message !== null && 'id' in message && typeof message.id === 'number' && 'command' in message
  if (!isRequest) throw new SyntaxError('not a request')
  return message as ToKeeper
}
