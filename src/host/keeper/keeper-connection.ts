import { createConnection, type Socket } from 'node:net'
import type { Clock } from '../../kit/clock.ts'
import {
  answerLimitBytes,
  type FromKeeper,
  type KeeperCommand,
  type KeeperCommands,
  KeeperError,
  type KeeperHello,
  keeperProtocol,
  requestLimitBytes,
} from './keeper-protocol.ts'
import { messageLines } from './message-lines.ts'

const helloWaitMs = 5_000
type KeeperEvent = Extract<FromKeeper, { event: string }>

/** One connection to a keeper, from its hello until it breaks. */
export interface KeeperConnection {
  readonly hello: KeeperHello
  readonly closed: Promise<void>
  call<C extends KeeperCommand>(command: C, request: KeeperCommands[C]['takes']): Promise<KeeperCommands[C]['answers']>
  close(): void
}

/** Undefined when nothing listens at the path. KeeperError `lost` when something does but does not greet. */
export async function connectToKeeper(
  clock: Clock,
  socketPath: string,
  onEvent: (event: KeeperEvent) => void,
): Promise<KeeperConnection | undefined> {
  const socket = await connect(socketPath)
  return socket && greet(clock, socket, onEvent)
}

const connect = (path: string) =>
  new Promise<Socket | undefined>((resolve, reject) => {
    const socket = createConnection(path)
    socket.once('connect', () => resolve(socket))
    socket.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' || error.code === 'ECONNREFUSED' ? resolve(undefined) : reject(new KeeperError('lost', error.message, error)),
    )
  })

async function greet(clock: Clock, socket: Socket, onEvent: (event: KeeperEvent) => void): Promise<KeeperConnection> {
  const hello = Promise.withResolvers<KeeperHello>()
  const closed = Promise.withResolvers<void>()
  const waiting = new Map<number, { resolve(answer: never): void; reject(error: Error): void }>()
  let lastId = 0
  const take = (message: FromKeeper) => {
    if ('hello' in message) return hello.resolve(message.hello)
    if ('event' in message) return onEvent(message)
    const waiter = waiting.get(message.id)
    waiting.delete(message.id)
    if ('error' in message) waiter?.reject(new KeeperError(message.error.code, message.error.message))
    else waiter?.resolve(message.answer as never)
  }
  const read = messageLines(answerLimitBytes, (line) => take(JSON.parse(line) as FromKeeper))
  socket.on('data', (chunk: Buffer) => {
    try {
      read(chunk)
    } catch (error) {
      socket.destroy(error instanceof Error ? error : undefined)
    }
  })
  let reason = 'the keeper closed the connection'
  socket.on('error', (error) => (reason = error.message))
  socket.on('close', () => {
    const lost = new KeeperError('lost', reason)
    hello.reject(lost)
    for (const waiter of waiting.values()) waiter.reject(lost)
    waiting.clear()
    closed.resolve()
  })
  using _deadline = clock.timer(helloWaitMs, () => {
    reason = `the keeper does not answer within ${helloWaitMs / 1000} s`
    socket.destroy()
  })
  const greeting = await hello.promise
  if (greeting.protocol !== keeperProtocol) {
    socket.destroy()
    throw new KeeperError(
      'bad_request',
      `the keeper speaks protocol ${greeting.protocol}, this daemon ${keeperProtocol}: end it with the version that started it`,
    )
  }
  return {
    hello: greeting,
    closed: closed.promise,
    call: (command, request) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new KeeperError('lost', reason))
        const id = ++lastId
        const message = JSON.stringify({ ...request, id, command })
        // The keeper would hang up, and all other calls with it.
        if (Buffer.byteLength(message) > requestLimitBytes)
          return reject(new KeeperError('bad_request', `the request is larger than ${requestLimitBytes} bytes`))
        waiting.set(id, { resolve, reject })
        socket.write(`${message}\n`)
      }),
    close: () => socket.destroy(),
  }
}
