import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A client or app on a plain socket that collects what it gets. */
export class RawSocket implements AsyncDisposable {
  text = ''
  bytes = 0
  isEnded = false
  isClosed = false
  readonly socket: Socket
  #wake: () => void = () => {}
  #isCounting = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (data: Buffer) => {
      this.bytes += data.length
      if (!this.#isCounting) this.text += data.toString('latin1')
      this.#wake()
    })
    socket.on('end', () => {
      this.isEnded = true
      this.#wake()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.isClosed = true
      this.#wake()
    })
  }
  static async to(port: number): Promise<RawSocket> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    await once(socket, 'connect')
    return new RawSocket(socket)
  }
  /** Keeps only the number of bytes from here on. */
  countOnly(): void {
    this.#isCounting = true
  }
  write(text: string | Buffer): void {
    if (typeof text === 'string') this.socket.write(text, 'latin1')
    else this.socket.write(text)
  }
  /** Waits until the condition holds; fails with what came so far after `deadlineMs`. */
  async until(condition: (raw: RawSocket) => boolean, deadlineMs = 5000): Promise<void> {
    const deadline = AbortSignal.timeout(deadlineMs)
    while (!condition(this)) {
      if (deadline.aborted)
        throw new Error(
          `not met in ${deadlineMs} ms; got ${JSON.stringify(this.text.slice(0, 2000))}, ended ${this.isEnded}, closed ${this.isClosed}`,
        )
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        deadline.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }
  has(part: string): Promise<void> {
    return this.until((raw) => raw.text.includes(part))
  }
  ended(): Promise<void> {
    return this.until((raw) => raw.isEnded || raw.isClosed)
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
    if (!this.isClosed) await this.until((raw) => raw.isClosed)
  }
}

/** An app on plain sockets: `onConnection` says what each connection does. */
export interface RawApp extends AsyncDisposable {
  readonly port: number
  readonly connections: RawSocket[]
  /** Resolves with the connection of this number (from 0) when it is there. */
  connection(index: number): Promise<RawSocket>
}
export async function rawApp(onConnection: (raw: RawSocket, index: number) => void): Promise<RawApp> {
  const connections: RawSocket[] = []
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const raw = new RawSocket(socket)
    connections.push(raw)
    onConnection(raw, connections.length - 1)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    async connection(index) {
      const deadline = AbortSignal.timeout(5000)
      while (connections[index] === undefined) await once(server, 'connection', { signal: deadline })
      return connections[index]
    },
    async [Symbol.asyncDispose]() {
      for (const { socket } of connections) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
/** An app that answers every complete head with the same text, connection after connection. */
export const answeringApp = (answer: string | ((head: string) => string)): Promise<RawApp> =>
  rawApp((raw) => {
    raw.socket.on('data', () => {
      for (let end = raw.text.indexOf('\r\n\r\n'); end >= 0; end = raw.text.indexOf('\r\n\r\n')) {
        const head = raw.text.slice(0, end + 4)
        raw.text = raw.text.slice(end + 4)
        raw.write(typeof answer === 'string' ? answer : answer(head))
      }
    })
  })
