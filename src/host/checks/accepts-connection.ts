import { connect } from 'node:net'

/** Whether a TCP port takes a connection now; rejects with the signal's reason. */
export const acceptsConnection = (address: string, port: number, signal: AbortSignal): Promise<boolean> =>
  new Promise<boolean>((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error)
    const socket = connect({ host: address, port })
    const settle = (isAccepted: boolean) => {
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
      resolve(isAccepted)
    }
    const onAbort = () => {
      socket.destroy()
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
  })
