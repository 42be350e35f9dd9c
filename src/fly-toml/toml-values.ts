/** What can be written into a config file. */
export type ConfigValue = string | number | boolean | readonly ConfigValue[] | { readonly [key: string]: ConfigValue }
export type ConfigTable = { readonly [key: string]: ConfigValue }

export const isConfigTable = (value: ConfigValue | undefined): value is ConfigTable =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
export const isTableList = (value: ConfigValue | undefined): value is readonly ConfigTable[] =>
  Array.isArray(value) && value.length > 0 && value.every((item: ConfigValue) => isConfigTable(item))

/** Whether two values are the same; the order of a table's keys does not count. */
export function isSameValue(a: ConfigValue | undefined, b: ConfigValue | undefined): boolean {
  if (isConfigTable(a) && isConfigTable(b)) {
    const keys = Object.keys(a)
    return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isSameValue(a[key], b[key]))
  }
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item: ConfigValue, index) => isSameValue(item, b[index] as ConfigValue))
  return Object.is(a, b)
}

/** A value on one line, tables and lists inline. */
export function printValue(value: ConfigValue): string {
  if (typeof value === 'string') return printText(value)
  if (typeof value === 'number') return printNumber(value)
  if (typeof value === 'boolean') return String(value)
  if (!isConfigTable(value)) return `[${value.map(printValue).join(', ')}]`
  const pairs = Object.entries(value).map(([key, item]) => `${printKey(key)} = ${printValue(item)}`)
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`
}

function printNumber(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  const text = Object.is(value, -0) ? '-0.0' : String(value)
  // TOML takes no exponent without a digit before it and a float for what is no safe integer.
  return Number.isSafeInteger(value) || /[.e]/.test(text) ? text.replace('e+', 'e') : `${text}.0`
}

export const printKey = (key: string): string => (/^[\w-]+$/.test(key) ? key : printBasic(key))

/** A literal string where TOML allows it, as flyctl writes them, else a basic one. */
export const printText = (text: string): string => (/^[^'\p{Cc}\p{Cs}]*$/u.test(text) ? `'${text}'` : printBasic(text))
/** A basic string, in double quotes. */
export const printBasic = (text: string): string => `"${text.toWellFormed().replaceAll(/["\\\p{Cc}]/gu, escapeChar)}"`
const escapeChar = (char: string) => (char === '"' || char === '\\' ? `\\${char}` : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
