import type { Command } from './define-command.ts'

/** A verb's place: `machine stop`, or `status` without a noun. `load` brings its definition and what it needs, and nothing of other verbs. */
export interface Verb {
  readonly path: string
  readonly summary: string
  /** Other last words: flyctl's `ls`, `rm`. */
  readonly aliases?: readonly string[]
  readonly load: () => Promise<Command>
}
export interface Noun {
  readonly name: string
  readonly summary: string
  /** The verb that is meant when none follows: flyctl's `releases`. */
  readonly alone?: string
  readonly aliases?: readonly string[]
}
export interface CommandTree {
  readonly nouns: readonly Noun[]
  readonly verbs: readonly Verb[]
  /** Words that flyctl knows and this tree does not → what to type instead, as a hint. */
  readonly elsewhere?: Readonly<Record<string, string>>
}

export const nounOf = (verb: Verb): string | undefined => (verb.path.includes(' ') ? verb.path.slice(0, verb.path.indexOf(' ')) : undefined)
export const lastWord = (verb: Verb): string => verb.path.slice(verb.path.lastIndexOf(' ') + 1)
export const verbsOf = (tree: CommandTree, noun: string): readonly Verb[] => tree.verbs.filter((verb) => nounOf(verb) === noun)
