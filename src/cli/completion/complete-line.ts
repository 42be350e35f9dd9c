import type { Argument } from '../framework/argument.ts'
import { lastWord, nounOf, verbsOf, type CommandTree, type Verb } from '../framework/command-tree.ts'
import type { Command } from '../framework/define-command.ts'
import type { Flag, Flags } from '../framework/flag.ts'
import { globalFlags, leadingFlags } from '../framework/shared-flags.ts'

/** A word that may stand where the cursor is, and what it means. */
export interface Candidate {
  readonly word: string
  readonly about: string
}
export interface Completion {
  readonly candidates: readonly Candidate[]
  /** Whether the shell should offer files. */
  readonly wantsFiles: boolean
}
/** What is known only to the platform or its files. Each resolves with nothing rather than to fail: a shell has no place for an error here. */
export type ValueKind = 'apps' | 'contexts' | 'machines' | 'orgs' | 'regions' | 'sizes'
export type Values = (kind: ValueKind, typed: ReadonlyMap<string, string>) => Promise<readonly Candidate[]>

const nothing: Completion = { candidates: [], wantsFiles: false }
const files: Completion = { candidates: [], wantsFiles: true }

/** Flags and arguments by their names, which mean the same in every verb. */
const kindOfFlag: Readonly<Record<string, ValueKind | 'files'>> = {
  app: 'apps',
  config: 'files',
  context: 'contexts',
  data: 'files',
  dockerfile: 'files',
  'exclude-regions': 'regions',
  machine: 'machines',
  'machine-config': 'files',
  'only-regions': 'regions',
  org: 'orgs',
  region: 'regions',
  'region-file': 'files',
  regions: 'regions',
  'vm-size': 'sizes',
}
const kindOfArgument: Readonly<Record<string, ValueKind | 'files'>> = {
  'apps destroy APPNAME': 'apps',
  'context remove NAME': 'contexts',
  'context use NAME': 'contexts',
  'orgs delete SLUG': 'orgs',
  'orgs show SLUG': 'orgs',
  'scale vm size': 'sizes',
}
const kindOfLabel: Readonly<Record<string, ValueKind | 'files'>> = {
  FILE: 'files',
  WORKING_DIRECTORY: 'files',
  id: 'machines',
  'machine-id': 'machines',
  region: 'regions',
  regions: 'regions',
}

/** What may stand at the last of `words`, the words of a command line after `kante`, the last one as far as it is typed. */
export async function completeLine(tree: CommandTree, words: readonly string[], values: Values): Promise<Completion> {
  const current = words.at(-1) ?? ''
  const place = await findPlace(tree, words.slice(0, -1))
  if (place === undefined) return nothing
  if (place.isPastDashes) return files
  const offer = async (kind: ValueKind | 'files' | undefined, word: string, before = ''): Promise<Completion> => {
    if (kind === undefined) return nothing
    if (kind === 'files') return files
    // Of a list only the part after the last comma is open.
    const lead = word.slice(0, word.lastIndexOf(',') + 1)
    return starting(await values(kind, place.typed), word.slice(lead.length), before + lead)
  }
  const offerValue = (name: string, flag: Flag<unknown>, word: string, before = '') =>
    flag.choices === undefined ? offer(kindOfFlag[name], word, before) : starting(flag.choices.map(plain), word, before)

  if (place.pending !== undefined) {
    const flag = place.flags[place.pending]
    return flag === undefined ? nothing : offerValue(place.pending, flag, current)
  }
  const equals = current.indexOf('=')
  if (current.startsWith('--') && equals > 0) {
    const name = current.slice(2, equals)
    const flag = Object.hasOwn(place.flags, name) ? place.flags[name] : undefined
    if (flag === undefined) return nothing
    const before = current.slice(0, equals + 1)
    if (flag.kind === 'toggle') return starting(['true', 'false'].map(plain), current.slice(equals + 1), before)
    return offerValue(name, flag, current.slice(equals + 1), before)
  }
  if (current.startsWith('-')) return starting(flagWords(place.verb === undefined ? globalFlags : place.flags), current)
  if (place.verb !== undefined) {
    const argument = argumentAt(place.command, place.words)
    if (argument === undefined) return nothing
    if (argument.choices !== undefined) return starting(argument.choices.map(plain), current)
    return offer(kindOfArgument[`${place.verb.path} ${argument.label}`] ?? kindOfLabel[argument.label], current)
  }
  const next: readonly Candidate[] =
    place.noun === undefined
      ? [
          ...tree.nouns.map((noun) => ({ word: noun.name, about: noun.summary })),
          ...verbWords(tree.verbs.filter((verb) => nounOf(verb) === undefined)),
        ]
      : verbWords(verbsOf(tree, place.noun))
  return starting(next, current)
}

interface Place {
  readonly noun: string | undefined
  readonly verb: Verb | undefined
  readonly command: Command | undefined
  readonly flags: Flags
  /** The flag that waits for the value under the cursor. */
  readonly pending: string | undefined
  /** How many arguments stand before the cursor. */
  readonly words: number
  /** Flags with values so far. */
  readonly typed: ReadonlyMap<string, string>
  readonly isPastDashes: boolean
}

/** Walks the finished words as the parser would. Undefined when one of them is no command. */
async function findPlace(tree: CommandTree, finished: readonly string[]): Promise<Place | undefined> {
  const typed = new Map<string, string>()
  let [noun, verb, command]: [string | undefined, Verb | undefined, Command | undefined] = [undefined, undefined, undefined]
  let flags: Flags = leadingFlags
  let pending: string | undefined
  let words = 0
  for (const token of finished) {
    if (pending !== undefined) {
      typed.set(pending, token)
      pending = undefined
    } else if (token === '--') return { noun, verb, command, flags, pending, words, typed, isPastDashes: true }
    else if (token.startsWith('-') && token.length > 1) {
      const equals = token.indexOf('=')
      if (token.startsWith('--') && equals > 0) typed.set(token.slice(2, equals), token.slice(equals + 1))
      else if (takesNext(token, flags)) pending = nameOf(token, flags)
    } else if (verb !== undefined) words++
    else if (noun === undefined) {
      if (token === 'help') continue
      verb = tree.verbs.find((each) => each.path === token || (nounOf(each) === undefined && each.aliases?.includes(token)))
      noun = verb === undefined ? tree.nouns.find((each) => each.name === token || each.aliases?.includes(token))?.name : undefined
      if (verb === undefined && noun === undefined) return undefined
    } else {
      verb = verbsOf(tree, noun).find((each) => lastWord(each) === token || each.aliases?.includes(token))
      if (verb === undefined) return undefined
    }
    if (verb !== undefined && command === undefined) {
      command = await verb.load()
      flags = { ...globalFlags, ...command.flags }
    }
  }
  return { noun, verb, command, flags, pending, words, typed, isPastDashes: false }
}

/** As the parser takes a token: a flag with `alone` needs nothing after it. */
function takesNext(token: string, flags: Flags): boolean {
  const name = nameOf(token, flags)
  const flag = name === undefined ? undefined : flags[name]
  return flag?.kind === 'value' && flag.alone === undefined
}

/** Of a cluster the last letter counts, unless one before it takes the rest as its value (`-aweb`). */
function nameOf(token: string, flags: Flags): string | undefined {
  if (token.startsWith('--')) return Object.hasOwn(flags, token.slice(2)) ? token.slice(2) : undefined
  const letters = token.slice(1)
  const byLetter = (letter: string) => Object.keys(flags).find((name) => flags[name]?.short === letter)
  for (const letter of letters.slice(0, -1)) {
    const name = byLetter(letter)
    if (name === undefined || flags[name]?.kind === 'value') return undefined
  }
  return byLetter(letters.at(-1) ?? '')
}

/** The argument that a word after `words` others is. */
function argumentAt(command: Command | undefined, words: number): (Argument<unknown> & { readonly label: string }) | undefined {
  const entries = Object.entries<Argument<unknown>>(command?.args ?? {})
  const [name, argument] = entries[words] ?? entries.filter(([, each]) => each.kind === 'rest').at(-1) ?? []
  return name === undefined || argument === undefined ? undefined : { ...argument, label: argument.label ?? name }
}

const plain = (word: string): Candidate => ({ word, about: '' })
const verbWords = (verbs: readonly Verb[]) => verbs.map((verb) => ({ word: lastWord(verb), about: verb.summary }))
/** A toggle that is on by default is offered the way it makes a difference. */
const flagWords = (flags: Flags) =>
  Object.entries(flags).map(([name, flag]) => ({
    word: flag.kind === 'toggle' && flag.shown === 'true' ? `--${name}=false` : `--${name}`,
    about: flag.help,
  }))
const starting = (candidates: readonly Candidate[], word: string, before = ''): Completion => ({
  candidates: candidates
    .filter((each) => each.word.startsWith(word))
    .map((each) => ({ ...each, word: before + each.word }))
    .toSorted((a, b) => a.word.localeCompare(b.word)),
  wantsFiles: false,
})
