import { UsageError } from './usage-error.ts'

/** A command's words besides flags, in the order of the object's keys; only the last may be `rest`. */
export interface Argument<Value> {
  readonly kind: 'required' | 'optional' | 'rest'
  readonly help: string
  readonly label?: string
  readonly min?: number
  /** The words it takes, when they are few: offered by completion. */
  readonly choices?: readonly string[]
  /** Never read: carries the type. */
  readonly value?: Value
}
export type Arguments = Readonly<Record<string, Argument<unknown>>>
export type ArgumentValues<A extends Arguments> = { readonly [Name in keyof A]: A[Name] extends Argument<infer Value> ? Value : never }

export const required = (help: string, label?: string): Argument<string> => ({ kind: 'required', help, ...(label === undefined ? {} : { label }) })
export const optional = (help: string, label?: string): Argument<string | undefined> => ({
  kind: 'optional',
  help,
  ...(label === undefined ? {} : { label }),
})
/** All words that are left; `min` of them must be there. */
export const rest = (help: string, options: { readonly min?: number; readonly label?: string } = {}): Argument<readonly string[]> => ({
  kind: 'rest',
  help,
  min: options.min ?? 0,
  ...(options.label === undefined ? {} : { label: options.label }),
})

/** `<image> [command…]` for the usage line. */
export const usageOf = (args: Arguments): string =>
  Object.entries(args)
    .map(([name, arg]) => {
      const label = arg.label ?? name
      if (arg.kind === 'required') return `<${label}>`
      if (arg.kind === 'optional') return `[${label}]`
      return (arg.min ?? 0) > 0 ? `<${label}>...` : `[${label}...]`
    })
    .join(' ')

/** Shares the words out among the arguments, or says which is missing or too many. */
export function bindArguments(path: string, args: Arguments, words: readonly string[]): Readonly<Record<string, unknown>> {
  const bound: Record<string, unknown> = {}
  const usage = `usage: kante ${path} ${usageOf(args)}`.trimEnd()
  let at = 0
  for (const [name, arg] of Object.entries(args)) {
    if (arg.kind === 'rest') {
      const left = words.slice(at)
      if (left.length < (arg.min ?? 0)) throw new UsageError(`${path}: ${arg.label ?? name} is missing`, usage)
      bound[name] = left
      return bound
    }
    const word = words[at++]
    if (word === undefined && arg.kind === 'required') throw new UsageError(`${path}: ${arg.label ?? name} is missing`, usage)
    bound[name] = word
  }
  const extra = words[at]
  if (extra !== undefined) throw new UsageError(`${path}: unexpected argument "${extra}"`, usage)
  return bound
}
