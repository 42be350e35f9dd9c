import { connect } from 'node:net'
import type { FromKeeper } from '../../host/keeper/keeper-protocol.ts'

const answerLimit = 1024 * 1024
/** A keeper greets at once; one that is stopped or stuck does not. */
const greetingMs = 5_000

/**
 * Tells a keeper to end its machines, its edge and itself. Resolves when it is gone: `ended`, or `absent` when none listens there;
 * `silent` when one does that no longer answers.
 * Connects only: asking by way of the daemon's client would start a keeper where there is none.
 */
export function stopKeeper(socketPath: string, timeoutMs: number, greetingWaitMs = greetingMs): Promise<'ended' | 'absent' | 'silent'> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: socketPath })
    let text = ''
    let isAsked = false
    let hasGreeted = false
    socket.setTimeout(greetingWaitMs, () => {
      if (!hasGreeted) resolve('silent')
      socket.destroy(new Error(`the keeper at ${socketPath} did not end within ${timeoutMs / 1000} s`))
    })
    socket.setEncoding('utf8')
    socket.once('connect', () => {
      isAsked = true
      socket.write(`${JSON.stringify({ id: 1, command: 'shutdown' })}\n`)
    })
    socket.on('data', (part: string) => {
      if (!hasGreeted) socket.setTimeout(timeoutMs)
      hasGreeted = true
      text += part
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        const line = text.slice(0, end)
        text = text.slice(end + 1)
        const message = JSON.parse(line) as FromKeeper
        if ('error' in message) socket.destroy(new Error(`the keeper at ${socketPath} refused to end: ${message.error.message}`))
      }
      if (text.length > answerLimit) socket.destroy(new Error(`the keeper at ${socketPath} answers nonsense`))
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (isAsked && error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
      else if (isAsked) resolve('ended')
      else if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'ENOTDIR') resolve('absent')
      else reject(error)
    })
    socket.once('close', () => resolve('ended'))
  })
}
