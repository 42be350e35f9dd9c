import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { ReadRequest } from './read-requests.ts'

export interface WitnessReading {
  readonly requests: readonly ReadRequest[]
  readonly isRefused: boolean
}
export interface Witness extends AsyncDisposable {
  /** What llhttp, Node.js's parser, makes of a client's bytes, until it has read `expected` requests or ends the connection. */
  read(bytes: Buffer, expected: number): Promise<WitnessReading>
}
interface Conversation {
  readonly requests: ReadRequest[]
  readonly expected: number
  isRefused: boolean
  done(): void
}

/** A node:http server on a real socket, as a second reader of the same bytes. */
export async function openWitness(): Promise<Witness> {
  const conversations = new Map<number | undefined, Conversation>()
  const server = createServer({ maxHeaderSize: 128 * 1024 }, (request, response) => {
    const conversation = conversations.get(request.socket.remotePort)
    void take(request).then((read) => {
      if (read !== undefined) conversation?.requests.push(read)
      response.end()
      if (conversation !== undefined && conversation.requests.length === conversation.expected) conversation.done()
    })
  })
  server.maxHeadersCount = 1000
  server.on('checkContinue', (request, response) => server.emit('request', request, response))
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
  server.on('clientError', (_error, socket) => {
    const conversation = conversations.get('remotePort' in socket ? (socket.remotePort as number) : undefined)
    if (conversation !== undefined) conversation.isRefused = true
    conversation?.done()
    socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    async read(bytes, expected) {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      const localPort = socket.localPort
      const conversation = await new Promise<Conversation>((resolve) => {
        const opened: Conversation = { requests: [], expected, isRefused: false, done: () => resolve(opened) }
        conversations.set(localPort, opened)
        socket.on('error', () => resolve(opened))
        socket.on('close', () => resolve(opened))
        socket.resume()
        socket.end(bytes)
      })
      socket.destroy()
      conversations.delete(localPort)
      return { requests: conversation.requests, isRefused: conversation.isRefused }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Undefined when the request breaks off. */
async function take(request: IncomingMessage): Promise<ReadRequest | undefined> {
  let body = ''
  request.setEncoding('latin1')
  request.on('data', (text: string) => (body += text))
  const isWhole = await new Promise<boolean>((resolve) =>
    request
      .on('end', () => resolve(true))
      .on('error', () => resolve(false))
      .on('close', () => resolve(false)),
  )
  if (!isWhole) return undefined
  return {
    method: request.method ?? '',
    target: (request.url ?? '').replace(/^https?:\/\/[^/]*/i, '') || '/',
    host: request.headers.host ?? '',
    body,
  }
}
