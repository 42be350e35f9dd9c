import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http'
import type { Clock } from '../../kit/clock.ts'

/** The answer's status and body; `unreachable` when there was none: nobody listens, the connection broke, or the time was over. */
export type HttpAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'unreachable'; readonly reason: string }

const maxAnswerBytes = 1 << 20
/** A snapshot of 10,000 machines is some 6 MB. */
const maxLineBytes = 256 << 20

const socketPathOf = (address: string) => address.replace(/^unix:/, '')
const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** HTTP to control and hosts, over unix sockets. Never rejects: whoever asks decides what an absence means. */
export class UnixHttp implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 8, timeout: 15_000 })

  post(address: string, path: string, body: object, options: { readonly timeoutMs: number; readonly signal?: AbortSignal }): Promise<HttpAnswer> {
    return new Promise((resolve) => {
      const text = JSON.stringify(body)
      const out = request({
        socketPath: socketPathOf(address),
        path,
        method: 'POST',
        agent: this.#agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      })
      const timer = setTimeout(() => out.destroy(new Error(`no answer after ${options.timeoutMs} ms`)), options.timeoutMs)
      timer.unref()
      const unreachable = (error: unknown) => {
        clearTimeout(timer)
        resolve({ kind: 'unreachable', reason: reasonOf(error) })
      }
      out.on('error', unreachable)
      out.on('response', (response) => {
        void readBody(response).then((body) => {
          clearTimeout(timer)
          resolve({ kind: 'answer', status: response.statusCode ?? 0, body })
        }, unreachable)
      })
      out.end(text)
    })
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}

async function readBody(response: IncomingMessage): Promise<unknown> {
  let text = ''
  response.setEncoding('utf8')
  for await (const chunk of response) {
    text += chunk as string
    if (text.length > maxAnswerBytes) throw new Error(`answer is longer than ${maxAnswerBytes} bytes`)
  }
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error('answer is no JSON', { cause: error })
  }
}

export interface LineStreamOptions {
  readonly address: string
  readonly path: string
  readonly clock: Clock
  /** The stream is given up when nothing came for so long. */
  readonly silenceMs: number
  readonly signal: AbortSignal
  /** The other side has answered 200. */
  readonly onOpen?: () => void
  readonly onLine: (line: string) => void
}

/** Reads NDJSON until the stream ends, is silent for too long or is aborted; gives the reason. An error thrown by `onLine` ends it too. */
export function followLines(options: LineStreamOptions): Promise<string> {
  const { address, path, clock, silenceMs, signal, onLine, onOpen } = options
  return new Promise((resolve) => {
    if (signal.aborted) return resolve('ended')
    const out: ClientRequest = request({ socketPath: socketPathOf(address), path, agent: false, signal })
    let watchdog: Disposable | undefined
    const heard = () => {
      watchdog?.[Symbol.dispose]()
      watchdog = clock.timer(silenceMs, () => finish(`silent for ${silenceMs} ms`))
    }
    const finish = (reason: string) => {
      watchdog?.[Symbol.dispose]()
      out.destroy()
      resolve(reason)
    }
    heard()
    out.on('error', (error) => finish(reasonOf(error)))
    out.on('response', (response) => {
      if (response.statusCode !== 200) return finish(`status ${response.statusCode}`)
      onOpen?.()
      const lines = lineSplitter(maxLineBytes, onLine)
      response.setEncoding('utf8')
      response.on('error', (error) => finish(reasonOf(error)))
      response.on('close', () => finish('closed'))
      response.on('data', (chunk: string) => {
        heard()
        try {
          lines(chunk)
        } catch (error) {
          finish(reasonOf(error))
        }
      })
    })
    out.end()
  })
}

/** Cuts text into lines as it comes; blank ones are left out. Throws when a line grows beyond `maxBytes` characters. */
export function lineSplitter(maxBytes: number, onLine: (line: string) => void): (chunk: string) => void {
  let parts: string[] = []
  let length = 0
  return (chunk) => {
    let from = 0
    for (let to = chunk.indexOf('\n'); to >= 0; from = to + 1, to = chunk.indexOf('\n', from)) {
      const line = parts.length === 0 ? chunk.slice(from, to) : parts.join('') + chunk.slice(from, to)
      parts = []
      length = 0
      if (line.trim() !== '') onLine(line)
    }
    if (from === chunk.length) return
    parts.push(chunk.slice(from))
    length += chunk.length - from
    if (length > maxBytes) throw new Error(`a line is longer than ${maxBytes} bytes`)
  }
}
