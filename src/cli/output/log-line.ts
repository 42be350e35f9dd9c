import type { LogLine } from '../../protocol/log-line.ts'
import type { Style } from './style.ts'
import { withColoursOnly } from './terminal-text.ts'

/** `<ts> <provider>[<machine>] <region> [level]message` (platform-semantics §11). Colours of the app itself are kept on a terminal. */
export function renderLogLine(line: LogLine, style: Style): string {
  const level = line.level === 'error' ? style.red(line.level) : line.level === 'warn' ? style.yellow(line.level) : line.level
  return `${style.dim(line.timestamp)} ${line.provider}[${line.machine}] ${style.green(line.region)} [${level}]${withColoursOnly(line.message)}`
}
