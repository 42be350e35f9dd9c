import { isConfigTable, isTableList, printKey, printValue, type ConfigTable, type ConfigValue } from './toml-values.ts'

/** A whole definition as TOML: single keys first, then a section per table, as deep as they go. Ends with a line feed when there is anything. */
export function printConfig(table: ConfigTable): string {
  return [...lines([], table, '')].join('\n').replace(/^\n+/, '') + (Object.keys(table).length === 0 ? '' : '\n')
}

function* lines(path: readonly string[], table: ConfigTable, indent: string): Generator<string> {
  for (const [key, value] of Object.entries(table)) if (!isSection(value)) yield `${indent}${printKey(key)} = ${printValue(value)}`
  for (const [key, value] of Object.entries(table)) {
    const here = [...path, key]
    const name = here.map(printKey).join('.')
    // A section's own header stands where its keys would; those below it are indented, as flyctl writes them.
    const at = path.length === 0 ? '' : indent
    const inner = `${at}  `
    if (isTableList(value)) {
      for (const item of value) {
        yield ''
        yield `${at}[[${name}]]`
        yield* lines(here, item, inner)
      }
    } else if (isConfigTable(value)) {
      yield ''
      yield `${at}[${name}]`
      yield* lines(here, value, inner)
    }
  }
}
const isSection = (value: ConfigValue) => isConfigTable(value) || isTableList(value)
