import type { CliContext } from './context.ts'
import { completeWord } from './completion/scripts.ts'
import { bindArguments } from './framework/argument.ts'
import type { CommandTree } from './framework/command-tree.ts'
import { findCommand } from './framework/find-command.ts'
import { nounHelp, rootHelp, verbHelp } from './framework/help.ts'
import { parseFlags } from './framework/parse-flags.ts'
import { globalFlags } from './framework/shared-flags.ts'
import { reportError } from './output/report-error.ts'
import { styleFor } from './output/style.ts'
import { version } from '../kit/version.ts'

/** What the command line decides about the context. */
export interface GlobalChoices {
  readonly accessToken: string | undefined
  readonly context: string | undefined
  readonly isVerbose: boolean
  readonly isJson: boolean
}
export interface Session {
  readonly ctx: CliContext
  readonly close: () => Promise<void>
}
export interface Surroundings {
  readonly tree: CommandTree
  readonly openSession: (choices: GlobalChoices) => Session
  readonly stdout: CliContext['stdout']
  readonly stderr: Pick<CliContext['stderr'], 'write' | 'isTty'>
  readonly env: CliContext['env']
}

/** Runs one command line and resolves with its exit code. Throws nothing. */
export async function runCommandLine(argv: readonly string[], around: Surroundings): Promise<number> {
  let isJson = argv.some((token) => token === '--json' || token === '-j')
  let isVerbose = argv.includes('--verbose')
  const width = Math.max(40, around.stdout.columns)
  try {
    if (argv[0] === '--version' || argv[0] === 'version') {
      around.stdout.write(`kante ${version}\n`)
      return 0
    }
    if (argv[0] === completeWord) {
      const { answerShell } = await import('./completion/answer-shell.ts')
      const open = (typed: ReadonlyMap<string, string>) =>
        around.openSession({ accessToken: typed.get('access-token'), context: typed.get('context'), isVerbose: false, isJson: true })
      around.stdout.write(await answerShell(around.tree, argv.slice(1), open))
      return 0
    }
    const found = findCommand(around.tree, argv)
    if (found.kind !== 'verb') {
      const help = found.kind === 'noun' ? nounHelp(around.tree, found.noun, width) : rootHelp(around.tree, width)
      around.stdout.write(help)
      return 0
    }
    const command = await found.verb.load()
    const flags = { ...globalFlags, ...command.flags }
    const line = parseFlags(flags, found.argv)
    const values = Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, flag.parse(line.typed.get(name) ?? [], name)]))
    if (values['help'] === true) {
      around.stdout.write(verbHelp(found.verb, command, width))
      return 0
    }
    isJson = values['json'] === true
    isVerbose = values['verbose'] === true
    const args = bindArguments(found.verb.path, command.args, line.words)
    const session = around.openSession({
      accessToken: values['access-token'] as string | undefined,
      context: values['context'] as string | undefined,
      isVerbose,
      isJson,
    })
    try {
      return (await command.run(session.ctx, { flags: values, args, given: (name) => line.typed.has(name) })) ?? 0
    } finally {
      await session.close()
    }
  } catch (error) {
    const report = reportError(error, { isJson, isVerbose, style: styleFor(around.stderr, around.env) })
    if (report.text.length > 0) around.stderr.write(report.text)
    return report.exitCode
  }
}
