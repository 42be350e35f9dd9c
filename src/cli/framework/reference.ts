import { usageOf } from './argument.ts'
import { lastWord, nounOf, verbsOf, type CommandTree, type Verb } from './command-tree.ts'
import { flagRows } from './help.ts'
import { globalFlags } from './shared-flags.ts'

/** `docs/reference/cli.md`: every command with its flags, from the definitions that the client itself runs by. */
export async function renderCliReference(tree: CommandTree): Promise<string> {
  const alone = tree.verbs.filter((verb) => nounOf(verb) === undefined)
  const sections = [
    `# Commands

Generated from the code by \`npm run gen\`; do not edit.

Flags follow flyctl's grammar: \`--flag value\`, \`--flag=value\`, \`-f value\`, letters together as in \`-ja web\`, \`--toggle=false\`; after \`--\` everything
belongs to the command that is run. Flags may stand anywhere on the line. Exit codes: 0 done, 1 the platform says no, 2 not understood, 130 Ctrl-C;
\`machine exec\` exits as the command did. Errors are a sentence, a hint and a request id on stderr, with \`--json\` the same fields as one line of JSON.

| Variable | Meaning |
| --- | --- |
| \`KANTE_HOME\` | the platform's files, by default \`~/.kante\` |
| \`KANTE_API\`, \`KANTE_API_TOKEN\` | address and token of the API, for CI |
| \`KANTE_CONTEXT\` | the context to use |
| \`KANTE_APP\`, \`FLY_APP\` | the app, when \`--app\` is not given |
| \`KANTE_NODE_OPTIONS\` | options for the Node that runs Kante itself; \`NODE_OPTIONS\` is not passed on |
| \`NO_COLOR\` | no colours |

## Global flags

${table(['Flag', 'Meaning'], flagRows(globalFlags).map(flagCells))}`,
  ]
  for (const verb of alone.toSorted(byPath)) sections.push(await verbSection(verb, '##'))
  for (const noun of tree.nouns.toSorted((a, b) => a.name.localeCompare(b.name))) {
    sections.push(`## kante ${noun.name}\n\n${noun.summary}.${noun.aliases === undefined ? '' : ` Also \`${noun.aliases.join('`, `')}\`.`}`)
    for (const verb of verbsOf(tree, noun.name).toSorted(byPath)) sections.push(await verbSection(verb, '###'))
  }
  return `${sections.join('\n\n')}\n`
}

const byPath = (a: Verb, b: Verb) => a.path.localeCompare(b.path)

async function verbSection(verb: Verb, level: string): Promise<string> {
  const command = await verb.load()
  const args = Object.entries(command.args)
  const parts = [
    `${level} kante ${verb.path}`,
    command.description ?? `${verb.summary}.`,
    `    ${`kante ${verb.path} ${usageOf(command.args)}`.trimEnd()} [flags]`,
    verb.aliases === undefined ? '' : `Also \`${verb.aliases.map((alias) => verb.path.replace(lastWord(verb), alias)).join('`, `')}\`.`,
    args.length === 0
      ? ''
      : table(
          ['Argument', 'Meaning'],
          args.map(([name, arg]) => [`\`${arg.label ?? name}\``, escape(arg.help)]),
        ),
    Object.keys(command.flags).length === 0 ? '' : table(['Flag', 'Meaning'], flagRows(command.flags).map(flagCells)),
    command.examples === undefined ? '' : command.examples.map((line) => `    ${line}`).join('\n'),
  ]
  return parts.filter((part) => part.length > 0).join('\n\n')
}

const flagCells = ([flag, help]: readonly [string, string]): readonly [string, string] => [`\`${escape(flag.trim())}\``, escape(help)]
const escape = (text: string) => text.replaceAll('|', '\\|')
const table = (titles: readonly string[], rows: readonly (readonly string[])[]): string =>
  [titles, titles.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
