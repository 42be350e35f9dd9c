import type { Log } from '../../kit/log.ts'
import { openLogFile } from '../keeper/log-file.ts'
import type { LogIds } from '../keeper/log-id.ts'
import type { StoredLine } from './stored-line.ts'

/** The host's own lines about one app. */
export interface AppWriter {
  append(line: Omit<StoredLine, 'id'>): void
  flush(): Promise<void>
  close(): Promise<void>
}

/** Lines that the disk does not take in time are dropped and counted, never held. */
export function openAppWriter(deps: { readonly ids: LogIds; readonly log: Log }, file: string): AppWriter {
  const output = openLogFile({ file, onError: (error) => deps.log.warn('log lines are lost', { file, error }) })
  let isFull = false
  let dropped = 0
  const write = (line: Omit<StoredLine, 'id'>) => {
    isFull = !output.write(`${JSON.stringify({ id: deps.ids.next(), ...line })}\n`)
    if (isFull) output.onceDrained(reportDropped)
  }
  const reportDropped = () => {
    isFull = false
    if (dropped === 0) return
    const message = `${dropped} lines dropped: the disk is too slow`
    dropped = 0
    write({ machine: '', provider: 'runner', level: 'warn', message })
  }
  return {
    append(line) {
      if (isFull) dropped++
      else write(line)
    },
    flush: () => output.flush(),
    close: () => output.close(),
  }
}
