import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, Socket } from 'node:net'
import type { ProxyListener } from './proxy-contract.ts'

/** Who reads what a client sends. */
export interface ClientReader {
  /** Called when the socket takes the buffer for its next read: from then on until that read, or the socket's close, it is the socket's. */
  nextBuffer(): Buffer
  /** Bytes from 0 up to `to`. Borrowed ones are overwritten by the next read, others are the reader's. Pause the socket to get no more. */
  onBytes(source: Buffer, to: number, isBorrowed: boolean): void
}
/** A connection that was accepted. `attach` once, before the callback that gave it returns. */
export interface ClientConnection {
  readonly socket: Socket
  attach(reader: ClientReader): void
}
export interface ClientListener {
  readonly address: AddressInfo
  /** Accepts nothing more; resolves when the socket is closed. */
  close(): Promise<void>
}
/**
 * How client sockets are read. `buffers`: into buffers of ours, as `net.connect({ onread })` does, which Node.js does not document for accepted sockets
 * (ADR 0026). `events`: by `data` events, which allocate 64 KB a read.
 */
export type ClientReads = 'buffers' | 'events'
export interface ListenerUse {
  readonly reads: ClientReads
  /** Where the first read of each connection goes; later ones too, unless its reader says otherwise. */
  readonly firstBuffer: Buffer
  readonly onConnection: (connection: ClientConnection) => void
  readonly onError: (error: Error) => void
}

export async function openClientListener(where: ProxyListener['listen'], use: ListenerUse): Promise<ClientListener> {
  const server = createServer({ noDelay: true, allowHalfOpen: true })
  server.listen('fd' in where ? { fd: where.fd } : { ...where, backlog: 1024 })
  await once(server, 'listening')
  server.on('error', use.onError)
  // Connections come from the next poll on, so none is accepted the other way meanwhile.
  if (use.reads === 'buffers') takeHandles(server, use)
  else server.on('connection', (socket) => use.onConnection({ socket, attach: (reader) => readEvents(socket, reader) }))
  return { address: server.address() as AddressInfo, close: () => closed(server) }
}

function readEvents(socket: Socket, reader: ClientReader): void {
  socket.on('data', (bytes: Buffer) => reader.onBytes(bytes, bytes.length, false))
}

// ——— not documented by Node.js (ADR 0026): a server's handle gives handles, a Socket takes one

interface ServerHandle {
  onconnection(error: number, handle: object): void
}
const handleOf = (server: Server): ServerHandle | undefined => (server as Server & { readonly _handle?: ServerHandle })._handle

function takeHandles(server: Server, use: ListenerUse): void {
  const handle = handleOf(server)
  if (typeof handle?.onconnection !== 'function') throw new Error('a server of this Node.js shows no handle')
  handle.onconnection = (error, accepted) => {
    if (error === 0 || error === undefined) use.onConnection(new BufferedConnection(accepted, use.firstBuffer))
    else use.onError(new Error(`accept failed (error ${error})`))
  }
}

class BufferedConnection implements ClientConnection {
  readonly socket: Socket
  #reader: ClientReader | undefined
  constructor(handle: object, firstBuffer: Buffer) {
    const options = {
      handle,
      allowHalfOpen: true,
      onread: {
        buffer: () => this.#reader?.nextBuffer() ?? firstBuffer,
        callback: (sizeBytes: number, buffer: Uint8Array) => {
          this.#reader?.onBytes(buffer as Buffer, sizeBytes, true)
          return true
        },
      },
    }
    this.socket = new Socket(options as ConstructorParameters<typeof Socket>[0])
    this.socket.setNoDelay(true)
  }
  attach(reader: ClientReader): void {
    this.#reader = reader
  }
}

let known: Promise<ClientReads> | undefined
/** Which way works with this Node.js: tried once a process, before anything depends on it. */
export const bestClientReads = (): Promise<ClientReads> => (known ??= readsIntoBuffers().then((works) => (works ? 'buffers' : 'events')))

const probeMs = 1_000

/** Makes a connection, has it read into one buffer, paused, resumed, read into another one, answered and ended. */
async function readsIntoBuffers(): Promise<boolean> {
  const buffers = [Buffer.alloc(8), Buffer.alloc(8)] as const
  const heard: string[] = []
  const hear = (source: Buffer, to: number) => void heard.push(`${buffers.indexOf(source as never)}:${source.toString('latin1', 0, to)}`)
  let client: Socket | undefined
  let accepted: Socket | undefined
  let listener: ClientListener | undefined
  try {
    const options = { signal: AbortSignal.timeout(probeMs) }
    const onConnection = (connection: ClientConnection) => {
      const { socket } = connection
      accepted = socket
      connection.attach({
        nextBuffer: () => buffers[1],
        onBytes(source, to) {
          hear(source, to)
          socket.pause()
          socket.write('reply', 'latin1')
        },
      })
      socket.on('end', () => socket.end()).on('error', () => socket.destroy())
    }
    const where = { host: '127.0.0.1', port: 0 }
    listener = await openClientListener(where, { reads: 'buffers', firstBuffer: buffers[0], onConnection, onError() {} })
    const probe = (client = connect({ host: '127.0.0.1', port: listener.address.port, allowHalfOpen: true }))
    probe.write('one')
    await once(probe, 'data', options)
    await new Promise((resolve) => probe.write('two', resolve))
    // On loopback the bytes are there once they are written: a socket that reads shows it in the next turn of the loop.
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve))
    const whilePaused = heard.length
    accepted?.resume()
    await once(probe, 'data', options)
    accepted?.resume()
    probe.end()
    await once(probe, 'end', options)
    return whilePaused === 1 && heard.join() === '0:one,1:two'
  } catch (error) {
    if (error instanceof Error) return false
    throw error
  } finally {
    client?.destroy()
    accepted?.destroy()
    await listener?.close()
  }
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
