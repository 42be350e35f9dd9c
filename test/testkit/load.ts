import { Agent, request } from 'node:http'

export interface LoadResult {
  readonly sent: number
  readonly answered: number
  readonly failed: number
  /** The first few failures, as text. */
  readonly failures: readonly string[]
  readonly longestMs: number
}
export interface Load extends AsyncDisposable {
  /** Ends the load and waits for the answers that are due. */
  stop(): Promise<LoadResult>
}

/**
 * Requests at a steady rate over keep-alive connections; anything but 200 is a failure. A connection that the server closed while idle is not: the
 * agent's retry of an idle socket is what every client does (RFC 9112 §9.3.1), so a request that got no byte on a reused socket is sent once more.
 */
export async function openLoad(options: {
  readonly port: number
  readonly host: string
  readonly perSecond: number
  readonly path?: string
  readonly timeoutMs?: number
}): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const failures: string[] = []
  let sent = 0
  let answered = 0
  let failed = 0
  let longestMs = 0
  const open = new Set<Promise<void>>()
  const once = (isRepeat: boolean): Promise<void> =>
    new Promise((resolve) => {
      const start = performance.now()
      const fail = (why: string) => {
        failed++
        if (failures.length < 10) failures.push(`${new Date().toISOString()} ${why}`)
        resolve()
      }
      const call = request(
        {
          host: '127.0.0.1',
          port: options.port,
          path: options.path ?? '/',
          agent,
          headers: { host: options.host },
          signal: AbortSignal.timeout(options.timeoutMs ?? 40_000),
        },
        (response) => {
          let body = ''
          response.setEncoding('utf8').on('data', (part: string) => (body += part))
          response.on('error', (error) => fail(`body: ${error.message}`))
          response.on('end', () => {
            longestMs = Math.max(longestMs, performance.now() - start)
            if (response.statusCode !== 200) return fail(`${response.statusCode} ${body.slice(0, 200)}`)
            answered++
            resolve()
          })
        },
      )
      call.on('error', (error: NodeJS.ErrnoException) => {
        if (call.reusedSocket && !isRepeat && error.code === 'ECONNRESET') resolve(once(true))
        else fail(`${error.code ?? ''} ${error.message}`)
      })
      call.end()
    })
  const timer = setInterval(() => {
    sent++
    const one = once(false).finally(() => open.delete(one))
    open.add(one)
  }, 1000 / options.perSecond)
  const stop = async () => {
    clearInterval(timer)
    await Promise.all(open)
    agent.destroy()
    return { sent, answered, failed, failures, longestMs }
  }
  return { stop, [Symbol.asyncDispose]: async () => void (await stop()) }
}
