import type { Clock } from '../../kit/clock.ts'
import { acceptsConnection } from '../checks/accepts-connection.ts'

/** Fine while a wake is young, coarse for a program that takes its time. */
const pauseMs = (waitedMs: number) => (waitedMs < 1_000 ? 3 : waitedMs < 5_000 ? 10 : 50)

/** Resolves when the port accepts a connection; rejects with the signal's reason. */
export async function pollPort(clock: Clock, address: string, port: number, signal: AbortSignal): Promise<void> {
  const beganMs = clock.monotonic()
  while (!(await acceptsConnection(address, port, signal))) await clock.sleep(pauseMs(clock.monotonic() - beganMs), signal)
}
