import type { Flags } from './flag.ts'
import { closest } from './closest.ts'
import { UsageError } from './usage-error.ts'

export interface ParsedLine {
  /** Flag name → what was typed for it, in order. */
  readonly typed: ReadonlyMap<string, readonly string[]>
  readonly words: readonly string[]
}

/**
 * Splits a command line into flags and words by pflag's grammar (GNU style, flags and words in any order): `--flag=value`, `--flag value`,
 * `-f value`, `-fvalue`, `-f=value`, clusters `-jn`, `--toggle=false`, and `--`, after which everything is a word.
 */
export function parseFlags(flags: Flags, argv: readonly string[]): ParsedLine {
  const typed = new Map<string, string[]>()
  const words: string[] = []
  const byShort = new Map(Object.entries(flags).flatMap(([name, flag]) => (flag.short === undefined ? [] : [[flag.short, name] as const])))
  const take = (name: string, value: string) => {
    const before = typed.get(name)
    if (before) before.push(value)
    else typed.set(name, [value])
  }

  for (let at = 0; at < argv.length; at++) {
    const token = argv[at] ?? ''
    if (token === '--') {
      words.push(...argv.slice(at + 1))
      break
    }
    /** The next token as the value of a flag that needs one. */
    const next = (shown: string): string => {
      const value = argv[++at]
      if (value === undefined) throw new UsageError(`${shown} needs a value`)
      return value
    }
    if (token.startsWith('--')) {
      const equals = token.indexOf('=')
      const name = token.slice(2, equals < 0 ? undefined : equals)
      const flag = Object.hasOwn(flags, name) ? flags[name] : undefined
      if (!flag) throw unknownFlag(`--${name}`, flags)
      if (equals >= 0) take(name, token.slice(equals + 1))
      else if (flag.kind === 'toggle') take(name, 'true')
      else take(name, flag.alone ?? next(`--${name}`))
    } else if (token.startsWith('-') && token.length > 1 && !isNegativeNumber(token, byShort)) {
      for (let letter = 1; letter < token.length; letter++) {
        const short = token[letter] ?? ''
        const name = byShort.get(short)
        const flag = name === undefined ? undefined : flags[name]
        if (name === undefined || !flag) throw unknownFlag(`-${short}`, flags, token)
        const tail = token.slice(letter + 1)
        if (tail.startsWith('=')) {
          take(name, tail.slice(1))
          break
        }
        if (flag.kind === 'toggle') {
          take(name, 'true')
          continue
        }
        take(name, flag.alone ?? (tail.length > 0 ? tail : next(`-${short}`)))
        if (flag.alone === undefined) break
      }
    } else words.push(token)
  }
  return { typed, words }
}

/** `scale count -1` is a word, as long as no flag is called `1`. */
const isNegativeNumber = (token: string, byShort: ReadonlyMap<string, string>): boolean => /^-\d+$/.test(token) && !byShort.has(token[1] ?? '')

function unknownFlag(shown: string, flags: Flags, within = shown): UsageError {
  const guess = shown.startsWith('--')
    ? closest(
        shown,
        Object.keys(flags).map((name) => `--${name}`),
      )
    : undefined
  const where = within === shown ? '' : ` in ${within}`
  return new UsageError(`unknown flag ${shown}${where}`, guess === undefined ? 'add --help to see the flags' : `did you mean ${guess}?`)
}
