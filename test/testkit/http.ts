import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly ms: number
}
export interface Question {
  readonly port: number
  /** The Host header; the connection always goes to 127.0.0.1, so that `.localhost` is never resolved. */
  readonly host?: string
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly timeoutMs?: number
}

/** One request on a connection of its own. */
export function ask(question: Question): Promise<Answer> {
  const start = performance.now()
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port: question.port,
        path: question.path ?? '/',
        method: question.method ?? 'GET',
        agent: false,
        headers: { ...(question.host === undefined ? {} : { host: question.host }), ...question.headers },
        signal: AbortSignal.timeout(question.timeoutMs ?? 40_000),
      },
      (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts).toString(),
            ms: performance.now() - start,
          }),
        )
      },
    )
    request.on('error', reject)
    request.end(question.body)
  })
}
