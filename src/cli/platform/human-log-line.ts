import { printable } from '../output/terminal-text.ts'

/** A line of the daemon's JSON log for people: `15:04:05 warn message key=value`; a line that is no JSON stays as it is. */
export function humanLogLine(line: string): string {
  let found: Record<string, unknown> | null
  try {
    found = JSON.parse(line) as Record<string, unknown> | null
  } catch (error) {
    if (error instanceof SyntaxError) return printable(line)
    throw error
  }
  if (typeof found?.['message'] !== 'string') return printable(line)
  const { time, level, message, ...fields } = found
  const at = typeof time === 'string' ? time.slice(11, 19) : '        '
  const shown = Object.entries(fields).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return printable([at, level === 'info' ? '' : String(level), message, ...shown].filter((part) => part !== '').join(' '))
}
