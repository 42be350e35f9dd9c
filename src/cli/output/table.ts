import { printable } from './terminal-text.ts'

/** A column's title and where its text comes from. */
export type Columns<Row> = readonly (readonly [title: string, cell: (row: Row) => string | number | undefined])[]

/** Rows for people: upper-case titles, two spaces between columns, no borders, so that `awk` can read it as well. */
export function renderTable<Row>(columns: Columns<Row>, rows: readonly Row[]): string {
  const lines = [columns.map(([title]) => title.toUpperCase()), ...rows.map((row) => columns.map(([, cell]) => printable(cell(row))))]
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => displayWidth(line[index] ?? ''))))
  return lines
    .map((line) =>
      line
        .map((cell, index) => cell + ' '.repeat(index === line.length - 1 ? 0 : (widths[index] ?? 0) - displayWidth(cell)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/**
 * The table without those of the `dispensable` columns, in their order, that a terminal of `width` cells has no room for: lines that wrap are read by
 * nobody. A pipe gets all columns.
 */
export function renderFittingTable<Row>(
  columns: Columns<Row>,
  rows: readonly Row[],
  fit: { readonly width: number | undefined; readonly dispensable: readonly string[] },
): string {
  const { width = Infinity, dispensable } = fit
  for (let dropped = 0; ; dropped++) {
    const table = renderTable(
      columns.filter(([title]) => !dispensable.slice(0, dropped).includes(title)),
      rows,
    )
    if (dropped >= dispensable.length || table.split('\n').every((line) => displayWidth(line) <= width)) return table
  }
}

/** Names and values, one a line. */
export function renderFields(fields: readonly (readonly [string, string | number | undefined])[]): string {
  const shown = fields.filter(([, value]) => value !== undefined)
  const width = Math.max(0, ...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}`.trimEnd()).join('\n')
}

/** Wide East Asian characters take two cells; marks that combine take none. */
function displayWidth(text: string): number {
  let width = 0
  for (const char of text) {
    if (/\p{Mn}|\p{Me}|\p{Cf}/u.test(char)) continue
    width +=
      /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|[\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u.test(
        char,
      )
        ? 2
        : 1
  }
  return width
}
