import { usageOf } from './argument.ts'
import { lastWord, nounOf, verbsOf, type CommandTree, type Noun, type Verb } from './command-tree.ts'
import type { Command } from './define-command.ts'
import type { Flags } from './flag.ts'
import { globalFlags } from './shared-flags.ts'

/** Cells of a line when the terminal does not say. */
const defaultWidth = 100

/** `kante --help`. */
export function rootHelp(tree: CommandTree, width = defaultWidth): string {
  const entries = [
    ...tree.verbs.filter((verb) => nounOf(verb) === undefined).map((verb) => [verb.path, verb.summary] as const),
    ...tree.nouns.map((noun) => [noun.name, noun.summary] as const),
  ].toSorted(([a], [b]) => a.localeCompare(b))
  return `Your own edge cloud.

Usage:
  kante <command> [flags]

Commands:
${columns(entries, width)}

Global flags:
${columns(flagRows(globalFlags), width)}

\`kante <command> --help\` says more about one.
`
}

/** `kante machine --help`. */
export function nounHelp(tree: CommandTree, noun: Noun, width = defaultWidth): string {
  return `${noun.summary}.

Usage:
  kante ${noun.name} <command> [flags]
${noun.aliases === undefined ? '' : `\nAliases:\n  ${[noun.name, ...noun.aliases].join(', ')}\n`}
Commands:
${columns(
  verbsOf(tree, noun.name).map((verb) => [lastWord(verb), verb.summary] as const),
  width,
)}
`
}

/** `kante machine stop --help`. */
export function verbHelp(verb: Verb, command: Command, width = defaultWidth): string {
  const sections = [
    wrap(command.description ?? `${verb.summary}.`, width),
    `Usage:\n  kante ${verb.path} ${usageOf(command.args)}`.trimEnd() + ' [flags]',
    verb.aliases === undefined ? '' : `Aliases:\n  ${[lastWord(verb), ...verb.aliases].join(', ')}`,
    Object.keys(command.args).length === 0
      ? ''
      : `Arguments:\n${columns(
          Object.entries(command.args).map(([name, arg]) => [arg.label ?? name, arg.help] as const),
          width,
        )}`,
    Object.keys(command.flags).length === 0 ? '' : `Flags:\n${columns(flagRows(command.flags), width)}`,
    `Global flags:\n${columns(flagRows(globalFlags), width)}`,
    (command.examples ?? []).length === 0 ? '' : `Examples:\n${(command.examples ?? []).map((line) => `  ${line}`).join('\n')}`,
  ]
  return `${sections.filter((section) => section.length > 0).join('\n\n')}\n`
}

/** `-a, --app string` and what it does. */
export const flagRows = (flags: Flags): readonly (readonly [string, string])[] =>
  Object.entries(flags)
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, flag]) => {
      const value = flag.kind === 'toggle' ? '' : flag.alone === undefined ? ` ${flag.placeholder ?? 'string'}` : `[=${flag.placeholder ?? 'string'}]`
      const shown = flag.shown === undefined ? '' : ` (default ${flag.shown})`
      return [`${flag.short === undefined ? '    ' : `-${flag.short}, `}--${name}${value}`, `${flag.help}${shown}`] as const
    })

/** Left column as wide as its widest entry up to 40 cells (a longer one has its text below it), right column wrapped to the terminal. */
function columns(rows: readonly (readonly [string, string])[], width: number): string {
  const left = Math.min(40, Math.max(0, ...rows.map(([name]) => name.length)))
  const indent = ' '.repeat(left + 5)
  return rows
    .map(([name, text]) => {
      const lines = wrap(text, Math.max(30, width - indent.length)).replaceAll('\n', `\n${indent}`)
      return name.length > left ? `  ${name}\n${indent}${lines}` : `  ${name.padEnd(left)}   ${lines}`
    })
    .join('\n')
}

/** Breaks at spaces so that no line is longer than `width`, unless a single word is; line breaks in the text stay. */
export function wrap(text: string, width: number): string {
  const lines: string[] = []
  for (const paragraph of text.split('\n')) {
    let line = ''
    for (const word of paragraph.split(' ')) {
      if (line.length > 0 && line.length + 1 + word.length > width) {
        lines.push(line)
        line = word
      } else line = line.length === 0 ? word : `${line} ${word}`
    }
    lines.push(line)
  }
  return lines.join('\n')
}
