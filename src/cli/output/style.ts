import type { Output } from '../context.ts'

/** Colours for a terminal; NO_COLOR (no-color.org) and TERM=dumb switch them off. */
export interface Style {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
}
export function styleFor(output: Pick<Output, 'isTty'>, env: Readonly<Record<string, string | undefined>>): Style {
  const isPlain = !output.isTty || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb'
  const paint = (open: number, close: number) => (text: string) => (isPlain ? text : `\u001B[${open}m${text}\u001B[${close}m`)
  return { bold: paint(1, 22), dim: paint(2, 22), red: paint(31, 39), green: paint(32, 39), yellow: paint(33, 39) }
}
