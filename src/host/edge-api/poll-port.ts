import { connect } from 'node:net'
import type { Clock } from '../../kit/clock.ts'

/** Fine while a wake is young, coarse for a program that takes its time. */
const pauseMs = (waitedMs: number) => (waitedMs < 1_000 ? 3 : waitedMs < 5_000 ? 10 : 50)

/** Resolves when the port accepts a connection; rejects with the signal's reason. */
export async function pollPort(clock: Clock, address: string, port: number, signal: AbortSignal): Promise<void> {
  const beganMs = clock.monotonic()
  while (!(await accepts(address, port, signal))) await clock.sleep(pauseMs(clock.monotonic() - beganMs), signal)
}

const accepts = (address: string, port: number, signal: AbortSignal) =>
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
