import { usageOf } from './argument.ts'
import { lastWord, nounOf, verbsOf, type CommandTree, type Noun, type Verb } from './command-tree.ts'
import type { Command } from './define-command.ts'
import type { Flags } from './flag.ts'
import { globalFlags } from './shared-flags.ts'

/** `kante --help`. */
export function rootHelp(tree: CommandTree): string {
  const entries = [
    ...tree.verbs.filter((verb) => nounOf(verb) === undefined).map((verb) => [verb.path, verb.summary] as const),
    ...tree.nouns.map((noun) => [noun.name, noun.summary] as const),
  ].toSorted(([a], [b]) => a.localeCompare(b))
  return `Your own edge cloud.

Usage:
  kante <command> [flags]

Commands:
${columns(entries)}

Global flags:
${columns(flagRows(globalFlags))}

\`kante <command> --help\` says more about one.
`
}

/** `kante machine --help`. */
export function nounHelp(tree: CommandTree, noun: Noun): string {
  return `${noun.summary}.

Usage:
  kante ${noun.name} <command> [flags]
${noun.aliases === undefined ? '' : `\nAliases:\n  ${[noun.name, ...noun.aliases].join(', ')}\n`}
Commands:
${columns(verbsOf(tree, noun.name).map((verb) => [lastWord(verb), verb.summary] as const))}
`
}

/** `kante machine stop --help`. */
export function verbHelp(verb: Verb, command: Command): string {
  const sections = [
    command.description ?? `${verb.summary}.`,
    `Usage:\n  kante ${verb.path} ${usageOf(command.args)}`.trimEnd() + ' [flags]',
    verb.aliases === undefined ? '' : `Aliases:\n  ${[lastWord(verb), ...verb.aliases].join(', ')}`,
    Object.keys(command.args).length === 0
      ? ''
      : `Arguments:\n${columns(Object.entries(command.args).map(([name, arg]) => [arg.label ?? name, arg.help] as const))}`,
    Object.keys(command.flags).length === 0 ? '' : `Flags:\n${columns(flagRows(command.flags))}`,
    `Global flags:\n${columns(flagRows(globalFlags))}`,
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

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}   ${right}`).join('\n')
}
