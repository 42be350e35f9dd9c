import { closest } from './closest.ts'
import { lastWord, verbsOf, type CommandTree, type Noun, type Verb } from './command-tree.ts'
import type { Flags } from './flag.ts'
import { leadingFlags } from './shared-flags.ts'
import { UsageError } from './usage-error.ts'

export type Found =
  | { readonly kind: 'verb'; readonly verb: Verb; readonly argv: readonly string[] }
  /** A noun alone: its verbs are shown. */
  | { readonly kind: 'noun'; readonly noun: Noun; readonly isHelp: boolean }
  | { readonly kind: 'root'; readonly isHelp: boolean }

/** Finds the verb that a command line means. What is left, flags before the verb included, is the verb's own command line. */
export function findCommand(tree: CommandTree, argv: readonly string[]): Found {
  const [first, ...others] = argv
  if (first === 'help' || (first === '--help' && others.length > 0)) return asHelp(findCommand(tree, others))
  const before = takeLeadingFlags(argv)
  const isHelp = before.includes('--help') || before.includes('-h')
  const word = argv[before.length]
  if (word === undefined) return { kind: 'root', isHelp }
  const rest = argv.slice(before.length + 1)

  const single = tree.verbs.find((verb) => verb.path === word || (!verb.path.includes(' ') && verb.aliases?.includes(word)))
  if (single) return { kind: 'verb', verb: single, argv: [...before, ...rest] }
  const noun = tree.nouns.find((each) => each.name === word || each.aliases?.includes(word))
  if (!noun) throw elsewhere(tree, word) ?? unknownCommand(word, namesOf(tree))

  const between = takeLeadingFlags(rest)
  const verbWord = rest[between.length]
  const verbs = verbsOf(tree, noun.name)
  const asksHelp = isHelp || between.includes('--help') || between.includes('-h')
  const alone = asksHelp ? undefined : verbs.find((each) => lastWord(each) === noun.alone)
  if (verbWord === undefined) return alone ? { kind: 'verb', verb: alone, argv: [...before, ...between] } : { kind: 'noun', noun, isHelp: asksHelp }
  const verb = verbs.find((each) => lastWord(each) === verbWord || each.aliases?.includes(verbWord))
  if (!verb) throw unknownCommand(verbWord, verbs.map(lastWord), noun.name)
  return { kind: 'verb', verb, argv: [...before, ...between, ...rest.slice(between.length + 1)] }
}

const namesOf = (tree: CommandTree) => [
  ...tree.nouns.map((noun) => noun.name),
  ...tree.verbs.filter((verb) => !verb.path.includes(' ')).map((verb) => verb.path),
]

function asHelp(found: Found): Found {
  return found.kind === 'verb' ? { ...found, argv: ['--help'] } : { ...found, isHelp: true }
}

/** A word of flyctl's, or a verb whose noun was left out (`destroy`): never guessed at, for a guess by spelling would make `deploy` of it. */
function elsewhere(tree: CommandTree, word: string): UsageError | undefined {
  const known = tree.elsewhere !== undefined && Object.hasOwn(tree.elsewhere, word) ? tree.elsewhere[word] : undefined
  const verbs = tree.verbs.filter((verb) => verb.path.includes(' ') && lastWord(verb) === word)
  if (known === undefined && verbs.length === 0) return undefined
  return new UsageError(`unknown command "${word}" for "kante"`, known ?? `there is ${verbs.map((verb) => `\`kante ${verb.path}\``).join(', ')}`)
}

function unknownCommand(word: string, known: readonly string[], noun?: string): UsageError {
  const guess = closest(word, known)
  const prefix = noun === undefined ? 'kante' : `kante ${noun}`
  return new UsageError(
    `unknown command "${word}" for "${prefix}"`,
    guess === undefined ? `\`${prefix} --help\` lists them` : `did you mean \`${prefix} ${guess}\`?`,
  )
}

/** The tokens up to the first word, with the values that flags among them take. An unknown flag ends them: the parser says what is wrong with it. */
function takeLeadingFlags(argv: readonly string[], flags: Flags = leadingFlags): readonly string[] {
  let at = 0
  while (at < argv.length) {
    const token = argv[at] ?? ''
    if (!token.startsWith('-') || token === '-' || token === '--') break
    at += takesNext(token, flags) ? 2 : 1
  }
  return argv.slice(0, at)
}

function takesNext(token: string, flags: Flags): boolean {
  if (token.startsWith('--')) return !token.includes('=') && flags[token.slice(2)]?.kind === 'value'
  // In a cluster the first letter that wants a value takes what follows it, or, as the last letter, the next token.
  for (let letter = 1; letter < token.length; letter++) {
    const flag = Object.values(flags).find((each) => each.short === token[letter])
    if (flag?.kind === 'value') return letter === token.length - 1
  }
  return false
}
