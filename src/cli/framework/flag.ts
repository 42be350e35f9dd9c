import { parseGoDuration } from '../../model/duration.ts'
import { UsageError } from './usage-error.ts'

/** One flag of a command, by pflag's grammar: a toggle takes a value only as `--flag=false`, everything else as `--flag value` or `--flag=value`. */
export interface Flag<Value> {
  readonly kind: 'toggle' | 'value'
  readonly short?: string
  readonly help: string
  /** What stands for the value in help: `string`, `int` … */
  readonly placeholder?: string
  /** The words it takes, when they are few: offered by completion. */
  readonly choices?: readonly string[]
  /** Shown in help as the default. */
  readonly shown?: string
  /** The value when the flag stands alone (`--autostop`); such a flag takes a value only as `--flag=value`. */
  readonly alone?: string
  /** What was typed, in order, empty when the flag was not given → the value. */
  readonly parse: (typed: readonly string[], name: string) => Value
}
export type Flags = Readonly<Record<string, Flag<unknown>>>
export type FlagValues<F extends Flags> = { readonly [Name in keyof F]: F[Name] extends Flag<infer Value> ? Value : never }

interface Look {
  readonly short?: string
  readonly help: string
  readonly placeholder?: string
}
const last = (typed: readonly string[]): string | undefined => typed[typed.length - 1]

const truths: Readonly<Record<string, boolean>> = { true: true, t: true, 1: true, false: false, f: false, 0: false }
/** On or off; off unless `byDefault`. */
export function toggle(look: Look & { readonly byDefault?: boolean }): Flag<boolean> {
  const byDefault = look.byDefault ?? false
  return {
    ...look,
    kind: 'toggle',
    ...(byDefault ? { shown: 'true' } : {}),
    parse: (typed, name) => {
      const text = last(typed)
      if (text === undefined) return byDefault
      const value = truths[text.toLowerCase()]
      if (value === undefined) throw new UsageError(`--${name}: found "${text}", allowed is true or false`)
      return value
    },
  }
}

export function text(look: Look): Flag<string | undefined>
export function text(look: Look & { readonly byDefault: string }): Flag<string>
export function text(look: Look & { readonly byDefault?: string }): Flag<string | undefined> {
  return {
    placeholder: 'string',
    ...look,
    kind: 'value',
    ...(look.byDefault === undefined ? {} : { shown: look.byDefault }),
    parse: (typed) => last(typed) ?? look.byDefault,
  }
}

/** One of a fixed set of words. `alone` is what the bare flag means. */
export function choice<const Choice extends string>(
  look: Look & { readonly choices: readonly Choice[]; readonly alone?: Choice },
): Flag<Choice | undefined> {
  return {
    placeholder: look.choices.join('|'),
    ...look,
    kind: 'value',
    parse: (typed, name) => {
      const word = last(typed)
      if (word === undefined) return undefined
      const found = look.choices.find((each) => each === word)
      if (found === undefined) throw new UsageError(`--${name}: found "${word}", allowed is ${look.choices.join(', ')}`)
      return found
    },
  }
}

/** Given as often as wanted, each value as it is (pflag: stringArray). */
export const texts = (look: Look): Flag<readonly string[]> => ({ placeholder: 'string', ...look, kind: 'value', parse: (typed) => typed })

/** Given as often as wanted, each value a comma-separated list (pflag: strings). */
export const lists = (look: Look): Flag<readonly string[]> => ({
  placeholder: 'strings',
  ...look,
  kind: 'value',
  parse: (typed) =>
    typed
      .flatMap((each) => each.split(','))
      .map((each) => each.trim())
      .filter((each) => each.length > 0),
})

/** `NAME=VALUE` pairs, given as often as wanted. */
export const pairs = (look: Look): Flag<Readonly<Record<string, string>>> => ({
  placeholder: 'NAME=VALUE',
  ...look,
  kind: 'value',
  parse: (typed, name) =>
    Object.fromEntries(
      typed.map((each) => {
        const at = each.indexOf('=')
        if (at < 1) throw new UsageError(`--${name}: found "${each}", allowed is NAME=VALUE`)
        return [each.slice(0, at), each.slice(at + 1)]
      }),
    ),
})

export function integer(look: Look & { readonly min?: number; readonly max?: number }): Flag<number | undefined> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = look
  return {
    placeholder: 'int',
    ...look,
    kind: 'value',
    parse: (typed, name) => {
      const word = last(typed)
      if (word === undefined) return undefined
      const value = /^-?\d{1,15}$/.test(word) ? Number(word) : Number.NaN
      if (!(value >= min && value <= max))
        throw new UsageError(
          `--${name}: found "${word}", allowed is a whole number ${max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `${min}–${max}`}`,
        )
      return value
    },
  }
}

/** Milliseconds, typed as a Go duration (`1m30s`) or, like pflag's fallback in flyctl, as bare seconds. */
export function duration(look: Look & { readonly byDefaultMs: number }): Flag<number> {
  return {
    placeholder: 'duration',
    ...look,
    kind: 'value',
    shown: `${look.byDefaultMs / 1000}s`,
    parse: (typed, name) => {
      const word = last(typed)
      if (word === undefined) return look.byDefaultMs
      return /^\d{1,9}$/.test(word) ? Number(word) * 1000 : parseGoDuration(`--${name}`, word)
    },
  }
}
