import { readTomlDocument } from './toml-document.ts'

/** Gives a top-level key of a fly.toml a text value; every other byte, comments and order included, stays. Fault config_invalid when it is no TOML. */
export function setTopLevelText(file: string, text: string, key: string, value: string): string {
  const pair = `${key} = ${JSON.stringify(value)}`
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : ''
  const source = text.slice(mark.length)
  const found = readTomlDocument(file, source).entries.get(key)
  if (found === undefined) return `${mark}${pair}\n${source}`
  const [start, end] = found.range
  return `${mark}${source.slice(0, start)}${pair}${source.slice(end)}`
}
