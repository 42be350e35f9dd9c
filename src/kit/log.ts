/** Lines of JSON for operators. Children add fixed fields. */
export interface Log {
  debug(message: string, fields?: object): void
  info(message: string, fields?: object): void
  warn(message: string, fields?: object): void
  error(message: string, fields?: object): void
  child(fields: object): Log
}
const levels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof levels)[number]

export function openLog(write: (line: string) => void, now: () => number, level: LogLevel = 'info', fixed: object = {}): Log {
  const at = (name: LogLevel) => (message: string, fields?: object) => {
    if (levels.indexOf(name) < levels.indexOf(level)) return
    write(`${JSON.stringify({ time: new Date(now()).toISOString(), level: name, ...fixed, message, ...fields }, printError)}\n`)
  }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => openLog(write, now, level, { ...fixed, ...fields }),
  }
}

function printError(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value
  return { name: value.name, message: value.message, stack: value.stack, ...(value.cause === undefined ? {} : { cause: value.cause }) }
}
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog }
